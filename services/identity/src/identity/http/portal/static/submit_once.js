// Prevents a second submission of a form on a double click, and marks the button as disabled.

import { waiting } from "./busy.js";

export function submitOnce(form) {
  let sent = false;
  let done = () => {};
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
    done = waiting(form, event.submitter);
  });
  window.addEventListener("pageshow", () => {
    sent = false;
    done();
    form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  });
}
