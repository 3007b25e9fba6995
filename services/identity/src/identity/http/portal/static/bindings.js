// Selects a binding without leaving the page: the server's new list contains the panel below the selected row.
// If the server responds with another page, the browser navigates to it, because that page shows the reason.

import { show } from "./companies.js";

let shown = pathOf(location.href);
let leaving = false;

// Returns the path and query of a URL, without the fragment.
function pathOf(address) {
  const { pathname, search } = new URL(address);
  return pathname + search;
}

function focusPanel() {
  const panel = document.querySelector("#chosen");
  if (!panel) return document.querySelector("#list-title").focus();
  panel.focus({ preventScroll: true });
  panel.closest(".company").scrollIntoView({ block: "nearest" });
}

// Returns whether a field of the panel at this URL has the focus. A new list would empty the field.
function isTypingAt(address) {
  return shown === pathOf(address) && document.activeElement?.closest("#chosen input");
}

async function choose(address, isCurrent) {
  if (isTypingAt(address)) return;
  const done = await show(address, () => !leaving && !isTypingAt(address) && isCurrent());
  if (done === false) leave(address);
  if (!done) return;
  shown = pathOf(address);
  if (pathOf(location.href) !== shown) history.pushState(null, "", address);
  focusPanel();
}

// Reloads for the page's own URL, because `assign` would only scroll to the fragment.
function leave(address) {
  leaving = true;
  if (pathOf(location.href) === pathOf(address)) window.location.reload();
  else window.location.assign(address);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-company]");
  if (leaving || !link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  choose(link.href, () => true);
});

// Links within the page, for example to an invalid field, also fire this event and load nothing.
window.addEventListener("popstate", () => {
  const path = pathOf(location.href);
  if (!leaving && path !== shown) choose(location.href, () => pathOf(location.href) === path);
});

// A message concerns the selected binding. When it closes, the panel receives the focus, or else the list.
const message = document.querySelector("dialog[data-modal]:not([data-question])");
if (message && new URLSearchParams(location.search).has("account")) {
  message.addEventListener("close", () => { if (!message.open) focusPanel(); });
}
