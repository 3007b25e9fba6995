// Selects a binding without leaving the page: the server's new list has the panel below the selected row.
// If the server responds with another page, the browser navigates there, since that page says why.

import { show } from "./companies.js";

let shown = placeOf(location.href);
let leaving = false;

// A URL without its fragment, as the server sees it.
function placeOf(address) {
  const { pathname, search } = new URL(address);
  return pathname + search;
}

function turnToPanel() {
  const panel = document.querySelector("#chosen");
  if (!panel) return document.querySelector("#list-title").focus();
  panel.focus({ preventScroll: true });
  panel.closest(".company").scrollIntoView({ block: "nearest" });
}

// Whether the person is in a field of that binding's panel: a new list would empty it and take the focus away.
function isTypingAt(address) {
  return shown === placeOf(address) && document.activeElement?.closest("#chosen input");
}

async function choose(address, stillWanted) {
  if (isTypingAt(address)) return;
  const done = await show(address, () => !leaving && !isTypingAt(address) && stillWanted());
  if (done === false) leave(address);
  if (!done) return;
  shown = placeOf(address);
  if (placeOf(location.href) !== shown) history.pushState(null, "", address);
  turnToPanel();
}

// For the page's own URL `assign` would only scroll to the fragment.
function leave(address) {
  leaving = true;
  if (placeOf(location.href) === placeOf(address)) window.location.reload();
  else window.location.assign(address);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-company]");
  if (leaving || !link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  choose(link.href, () => true);
});

// Links within the page (to the main part, to an invalid field) arrive here too and load nothing.
window.addEventListener("popstate", () => {
  const place = placeOf(location.href);
  if (!leaving && place !== shown) choose(location.href, () => placeOf(location.href) === place);
});

// A message is about the selected binding: once it is closed, the focus goes to the panel, or to the list without one.
const message = document.querySelector("dialog[data-modal]:not([data-question])");
if (message && new URLSearchParams(location.search).has("account")) {
  message.addEventListener("close", () => { if (!message.open) turnToPanel(); });
}
