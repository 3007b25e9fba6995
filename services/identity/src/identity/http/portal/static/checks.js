// A form asks the server's own rules while it is filled in, and once more before it is sent (REG-11).
// While typing, only what was touched is judged; what is empty counts as a fault only once sending was asked for.

import { markField, summarize } from "./faults.js";

const PAUSE_MS = 600;
const MOST_WAIT_MS = 5000;

export function checkWhileTyping(form) {
  const fields = [...form.querySelectorAll("[data-field]")].map((field) => field.dataset.field);
  const touched = new Set();
  let sendingAsked = form.querySelector(".field--faulty") !== null;
  let pause = 0;
  let newest = 0;

  // The faults by field; null where the server did not say: sending asks it again.
  async function askServer() {
    const [body, signal] = [new FormData(form), AbortSignal.timeout(MOST_WAIT_MS)];
    const headers = { Accept: "application/json" }; // nothing is for the person to see who asks by typing
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", headers, body, signal });
      return answer.ok ? (await answer.json()).faults : null;
    } catch {
      return null;
    }
  }

  const isEmpty = (name) => form.elements[name].value === "";

  async function checkTouched() {
    clearTimeout(pause);
    const number = ++newest;
    const faults = await askServer();
    if (!faults || number !== newest) return; // a later question has the newer answer
    for (const name of touched) {
      const reasons = isEmpty(name) && !sendingAsked ? [] : faults[name] || [];
      markField(form, name, reasons);
    }
  }

  form.addEventListener("input", ({ target }) => {
    if (!fields.includes(target.name)) return;
    touched.add(target.name);
    newest += 1; // an answer under way is of what stood there before
    clearTimeout(pause);
    pause = setTimeout(checkTouched, PAUSE_MS);
  });
  form.addEventListener("change", ({ target }) => {
    if (fields.includes(target.name)) checkTouched();
  });

  form.passesChecks = async () => {
    clearTimeout(pause);
    sendingAsked = true;
    newest += 1;
    form.setAttribute("aria-busy", "true");
    const faults = await askServer();
    form.removeAttribute("aria-busy");
    if (!faults) return true;
    for (const name of fields) markField(form, name, faults[name] || [], { quietly: true });
    return summarize(form, fields.filter((name) => faults[name]));
  };
}
