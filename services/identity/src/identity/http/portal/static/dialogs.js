// System messages and questions: plain HTML shows them; the script makes them modal and traps the focus.

import { waiting } from "./busy.js";

export function showMessages() {
  for (const message of document.querySelectorAll("dialog[data-modal][open]")) {
    message.close();
    message.showModal();
    message.addEventListener("close", () => focusMain(message));
  }
}

// Nothing had the focus before the message: afterwards it is where the URL's fragment leads, in the first field of the
// login, or at the beginning of the main part, not of the page.
function focusMain(message) {
  const focused = document.activeElement;
  if (focused !== document.body && !message.contains(focused)) return;
  const place = document.getElementById(location.hash.slice(1)) || document.querySelector("[data-first-field] .form-control");
  if (place) place.focus();
  else document.querySelector("main").focus({ preventScroll: true });
}

// A question is asked before a form is sent.
export function ask(question) {
  const form = question.closest("form");
  const opener = document.querySelector(`[popovertarget="${CSS.escape(question.id)}"]:not([popovertargetaction])`);
  for (const button of document.querySelectorAll(`[popovertarget="${CSS.escape(question.id)}"]`)) {
    const hides = button.getAttribute("popovertargetaction") === "hide";
    button.removeAttribute("popovertarget");
    button.addEventListener("click", () => (hides ? question.close() : open(button)));
  }
  question.removeAttribute("popover");

  async function open(button) {
    if (button?.disabled) return; // until a wait is over
    if (form && form.passesChecks) {
      const done = waiting(button);
      const passed = await form.passesChecks();
      done();
      if (!passed) return;
      if (form.isUnchanged) return sendUnasked(); // nothing to ask: the server says so
    }
    if (!question.open) question.showModal();
  }

  let isUnasked = false;
  function sendUnasked() {
    isUnasked = true;
    form.requestSubmit(); // fires the submit event at once
    isUnasked = false;
  }

  // The Enter key activates the form's first button, which is the question's, so the question is asked first.
  if (form) {
    form.addEventListener("submit", (event) => {
      if (question.open || isUnasked) return;
      if (event.submitter && !question.contains(event.submitter)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      open(opener);
    });
  }
}
