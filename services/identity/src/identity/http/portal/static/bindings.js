// A line of the list is chosen without leaving the page: the panel and the list's mark come anew from the server.
// Whatever else the server answers, the browser itself goes there: that page tells what is the matter.

import { countDown } from "./countdown.js";
import { ask } from "./dialogs.js";
import { submitOnce } from "./submit_once.js";

const PARTS = ["[data-lines]", "#chosen"];
const beside = window.matchMedia("(min-width: 48rem)"); // the panel: it is in sight without moving the page
let shown = placeOf(location.href);
let asked = 0;
let leaving = false;

// An address without its fragment: what the server is asked for.
function placeOf(address) {
  const { pathname, search } = new URL(address);
  return pathname + search;
}

function turnToPanel() {
  const panel = document.querySelector("#chosen");
  if (panel) panel.focus({ preventScroll: beside.matches });
}

async function partsAt(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "manual" });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const parts = PARTS.map((part) => [document.querySelector(part), page.querySelector(part)]);
  if (parts.flat().includes(null)) throw new Error("one of the lists is empty");
  return parts;
}

function replace(parts) {
  for (const [former, fresh] of parts) former.replaceWith(fresh);
  const panel = document.querySelector("#chosen");
  panel.querySelectorAll("dialog[data-question]").forEach(ask);
  panel.querySelectorAll("form[data-once]").forEach(submitOnce);
  panel.querySelectorAll("[data-wait]").forEach(countDown);
  turnToPanel();
}

// `stillWanted` is asked once the answer is there: the person may have gone elsewhere meanwhile.
async function choose(address, stillWanted) {
  const number = ++asked;
  const parts = await partsAt(address).catch(() => null);
  if (leaving || number !== asked || !stillWanted()) return;
  if (!parts) {
    leave(address);
    return;
  }
  // The same line again, whose person has gone on to its field meanwhile: nothing typed is taken away.
  if (shown === placeOf(address) && document.activeElement?.closest("#chosen input")) return;
  shown = placeOf(address);
  if (placeOf(location.href) !== shown) history.pushState(null, "", address);
  replace(parts);
}

// To the address that the page has already, `assign` would only move to its fragment.
function leave(address) {
  leaving = true;
  if (placeOf(location.href) === placeOf(address)) window.location.reload();
  else window.location.assign(address);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".lines__link");
  if (leaving || !link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  choose(link.href, () => true);
});

// Links within the page (to the main part, to a faulty field) come here too: they ask for nothing new.
window.addEventListener("popstate", () => {
  const place = placeOf(location.href);
  if (!leaving && place !== shown) choose(location.href, () => placeOf(location.href) === place);
});

// A message of the page tells of the chosen line: once it is closed, the line is what comes next.
const message = document.querySelector("dialog[data-modal]:not([data-question])");
if (message && new URLSearchParams(location.search).has("account")) {
  message.addEventListener("close", () => { if (!message.open) turnToPanel(); });
}
