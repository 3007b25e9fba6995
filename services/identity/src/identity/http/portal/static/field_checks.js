// Checks a form on the server while it is filled in, and again before it is sent (REG-11).
// While the person types, only touched fields show errors; empty fields only after the first attempt to send.

import { markField, offer, summarize } from "./field_errors.js";

const PAUSE_MS = 600;
const TIMEOUT_MS = 5000;
const TAP_MS = 300; // longer than a touch screen waits before it turns a tap into a click

// Shows the normalized values and the advice in the question before sending. If the form contains the saved values
// (`was_…`), only changed values are shown.
function showNormalized(form, { values, advice }) {
  const elements = [...form.querySelectorAll("[data-kept]")];
  const isSaved = (name) => `was_${name}` in form.elements && form.elements[`was_${name}`].value === values[name];
  for (const element of elements) {
    element.textContent = values[element.dataset.kept];
    element.parentElement.hidden = isSaved(element.dataset.kept);
  }
  for (const element of form.querySelectorAll("[data-if-changed]")) element.hidden = isSaved(element.dataset.ifChanged);
  form.isUnchanged = elements.length > 0 && elements.every((element) => isSaved(element.dataset.kept));
  for (const list of form.querySelectorAll("dl:has([data-kept])")) {
    list.hidden = [...list.children].every((row) => row.hidden);
  }
  for (const element of form.querySelectorAll("[data-kept-advice]")) {
    element.textContent = advice[element.dataset.keptAdvice];
    element.hidden = !element.textContent;
  }
}

// While the pointer's main button is pressed, results of a check are not shown: they could move the element under the
// pointer, and the click would be lost. A press may also end without a click.
let released = Promise.resolve();
let endPress = null;
const release = () => {
  endPress?.();
  endPress = null;
};
document.addEventListener("pointerdown", ({ button, isPrimary }) => {
  if (button !== 0 || !isPrimary || endPress) return;
  released = new Promise((resolve) => {
    endPress = resolve;
  });
});
document.addEventListener("pointerup", () => setTimeout(release, TAP_MS));
for (const end of ["click", "contextmenu", "dragend", "keydown", "pointercancel"]) {
  document.addEventListener(end, () => setTimeout(release), { capture: true });
}
window.addEventListener("blur", release);

export function checkWhileTyping(form) {
  const fields = [...form.querySelectorAll("[data-field]")].map((field) => field.dataset.field);
  const touched = new Set();
  let wasSubmitted = form.querySelector(".field--invalid") !== null;
  let pause = 0;
  let newest = 0;

  // Returns the server's result, or null after any failure, because the server checks the form again when it is sent.
  async function askServer() {
    const [body, signal] = [new FormData(form), AbortSignal.timeout(TIMEOUT_MS)];
    const headers = { Accept: "application/json" }; // the server must not respond with an error page
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", headers, body, signal });
      // During a rolling update, a web process of the previous release may respond, which sends no suggestions.
      return answer.ok ? { suggestions: {}, ...(await answer.json()) } : null;
    } catch {
      return null;
    }
  }

  const isEmpty = (name) => form.elements[name].value === "";

  async function checkTouched() {
    clearTimeout(pause);
    const number = ++newest;
    const checked = await askServer();
    await released;
    if (!checked || number !== newest) return; // a later check returns newer results
    for (const name of touched) {
      const reasons = isEmpty(name) && !wasSubmitted ? [] : checked.errors[name] || [];
      markField(form, name, reasons, { advice: checked.advice[name], suggestion: checked.suggestions[name] });
    }
  }

  for (const message of form.querySelectorAll("[data-suggestion]")) {
    offer(form, message.closest("[data-field]").dataset.field, message.dataset.suggestion);
  }

  form.addEventListener("input", ({ target }) => {
    if (!fields.includes(target.name)) return;
    touched.add(target.name);
    newest += 1; // pending responses concern the previous values
    clearTimeout(pause);
    pause = setTimeout(checkTouched, PAUSE_MS);
  });
  form.addEventListener("change", ({ target }) => {
    if (fields.includes(target.name)) checkTouched();
  });

  form.passesChecks = async () => {
    clearTimeout(pause);
    wasSubmitted = true;
    newest += 1;
    form.isUnchanged = false;
    const checked = await askServer();
    if (!checked) return true;
    const { errors, advice, suggestions } = checked;
    for (const name of fields) {
      markField(form, name, errors[name] || [], { quietly: true, advice: advice[name], suggestion: suggestions[name] });
    }
    showNormalized(form, checked);
    return summarize(form, fields.filter((name) => errors[name]));
  };
}
