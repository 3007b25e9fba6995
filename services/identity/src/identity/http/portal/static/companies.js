// Searches a list of companies in place, and adds keyboard navigation (BIND-10). The arrow keys move between the rows,
// Enter activates the row's link or button, and `/` focuses the search. `/` works only inside the list, because speech
// input could trigger it accidentally (WCAG 2.1.4). The server performs the search at the same URL as without scripts.

import { waiting } from "./busy.js";
import { countDown } from "./countdown.js";
import { ask } from "./dialogs.js";
import { submitOnce } from "./submit_once.js";

const PAUSE_MS = 200;
const PARTS = ["[data-company-count]", "[data-company-rows]"];
const SLASHES = ["/", "／"];

const list = document.querySelector("[data-companies]");
const search = list?.querySelector("[data-company-search]");
const query = search?.elements.q;
let newest = 0;
let pause = 0;
let done = () => {};

// Replaces the list with the server's list at this URL, and returns true. Returns null if the response is obsolete, by a
// later request or by `isCurrent`, and false if the server responds with another page or not at all.
export async function show(address, isCurrent = () => true) {
  clearTimeout(pause);
  const number = ++newest;
  done();
  done = waiting(list);
  const page = await pageAt(address).catch(() => null);
  if (number !== newest) return null;
  done();
  if (!isCurrent()) return null;
  const parts = PARTS.map((part) => [list.querySelector(part), page?.querySelector(part)]);
  if (parts.flat().some((part) => !part)) return false;
  // The elements stay in place, so that screen readers announce their new content.
  for (const [former, fresh] of parts) former.replaceChildren(...fresh.childNodes);
  list.querySelectorAll("[data-company-rows] dialog[data-question]").forEach(ask);
  list.querySelectorAll("[data-company-rows] form[data-once]").forEach(submitOnce);
  list.querySelectorAll("[data-wait]").forEach(countDown);
  return true;
}

async function pageAt(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "manual" });
  if (!answer.ok) throw new Error(String(answer.status));
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function addressOfSearch() {
  const values = [...new FormData(search)].filter(([, value]) => value !== "");
  return `${search.action}?${new URLSearchParams(values)}`;
}

async function searchNow() {
  const address = addressOfSearch();
  const done = await show(address);
  if (done === false) window.location.assign(address);
  if (done) history.replaceState(history.state, "", address);
  return done;
}

const companies = () => [...list.querySelectorAll("[data-company]")];

function move(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest(".company");
  const inRow = row && event.target.closest("[data-company], .company__act");
  if (!steps || !(inRow || event.target === query)) return;
  const all = companies();
  const index = inRow ? all.indexOf(row.querySelector("[data-company]")) + steps : Math.min(steps - 1, 0);
  const target = index < 0 ? query : all[index];
  if (!target) return;
  event.preventDefault();
  target.focus();
}

function goToSearch(event) {
  const typing = event.target.closest("input, dialog");
  if (typing || !SLASHES.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  query.select();
  query.focus();
}

if (list) list.addEventListener("keydown", (event) => { if (!event.isComposing) move(event); });
if (search) {
  list.addEventListener("keydown", goToSearch);
  const wait = () => { clearTimeout(pause); pause = setTimeout(searchNow, PAUSE_MS); };
  query.addEventListener("input", (event) => { if (!event.isComposing) wait(); });
  query.addEventListener("compositionend", wait); // an input method has committed its text
  search.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await searchNow()) companies()[0]?.focus();
  });
}
