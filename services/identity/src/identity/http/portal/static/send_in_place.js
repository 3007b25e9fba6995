// Checks a form before it is sent, and sends it without leaving the page, because the server never returns passwords
// and a refusal would empty their fields. The errors are read from the page in the response.

import { waiting } from "./busy.js";
import { markField, summarize } from "./field_errors.js";

const OFFLINE = "目前無法連線，內容尚未送出，請稍後再試。";
const SERVER_ERROR = 500;

// Returns whether the browser leaves the page.
async function send(form) {
  const answer = await post(form).catch(() => null);
  if (!answer) return summarize(form, [], OFFLINE);
  if (answer.redirected) return leave(() => window.location.assign(answer.url));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("form[data-in-place]");
  if (fresh && showErrors(form, fresh, page)) return false;
  if (answer.status < SERVER_ERROR) return leave(() => window.location.reload()); // the page at this URL shows the reason
  summarize(form, [], page.querySelector(".lead-line, h1")?.textContent);
  return false;
}

function post(form) {
  return fetch(form.action, { method: "POST", headers: { Accept: "text/html" }, body: new FormData(form) });
}

function leave(go) {
  go();
  return true;
}

function showErrors(form, fresh, page) {
  form.elements.csrf_token.value = fresh.elements.csrf_token.value;
  const fields = [...fresh.querySelectorAll("[data-field]")];
  const wrong = fields.filter((field) => field.classList.contains("field--invalid"));
  for (const field of wrong) {
    markField(form, field.dataset.field, [field.querySelector(".field__error").textContent], { quietly: true });
  }
  const names = wrong.map((field) => field.dataset.field);
  return !summarize(form, names, names.length ? "" : page.querySelector(".errors__title")?.textContent);
}

for (const form of document.querySelectorAll("form[data-in-place]")) {
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    const done = waiting(form, event.submitter);
    if ((await form.passesChecks()) && (await send(form))) return;
    done();
    sending = false;
  });
}
