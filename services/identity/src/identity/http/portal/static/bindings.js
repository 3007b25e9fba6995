// Selects a binding without leaving the page: panel and list are replaced by the server's new ones.
// If the server responds with another page, the browser navigates there, since that page says why.

import { countDown } from "./countdown.js";
import { ask } from "./dialogs.js";
import { submitOnce } from "./submit_once.js";

const PARTS = ["[data-lines]", "#chosen"];
const beside = window.matchMedia("(min-width: 48rem)"); // the panel is beside the list, visible without scrolling
let shown = placeOf(location.href);
let asked = 0;
let leaving = false;

// A URL without its fragment, as the server sees it.
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

// `stillWanted` is called when the response arrives: the person may have selected something else meanwhile.
async function choose(address, stillWanted) {
  const number = ++asked;
  const parts = await partsAt(address).catch(() => null);
  if (leaving || number !== asked || !stillWanted()) return;
  if (!parts) {
    leave(address);
    return;
  }
  // The same binding again while the person is already typing: keep what is typed.
  if (shown === placeOf(address) && document.activeElement?.closest("#chosen input")) return;
  shown = placeOf(address);
  if (placeOf(location.href) !== shown) history.pushState(null, "", address);
  replace(parts);
}

// For the page's own URL `assign` would only scroll to the fragment.
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

// Links within the page (to the main part, to an invalid field) arrive here too and load nothing.
window.addEventListener("popstate", () => {
  const place = placeOf(location.href);
  if (!leaving && place !== shown) choose(location.href, () => placeOf(location.href) === place);
});

// A message is about the selected binding: once it is closed, the focus goes to the panel.
const message = document.querySelector("dialog[data-modal]:not([data-question])");
if (message && new URLSearchParams(location.search).has("account")) {
  message.addEventListener("close", () => { if (!message.open) turnToPanel(); });
}
