// Makes system messages and questions modal. Without scripts, plain HTML shows them.

import { waiting } from "./busy.js";

export function showMessages() {
  for (const message of document.querySelectorAll("dialog[data-modal][open]")) {
    message.close();
    message.showModal();
    message.addEventListener("close", () => focusMain(message));
  }
}

// No element had the focus before the message, so the browser would move it to the start of the page. Instead, the target
// of the URL's fragment, the first field of the login or the main part receives it.
function focusMain(message) {
  const focused = document.activeElement;
  if (focused !== document.body && !message.contains(focused)) return;
  const target = document.getElementById(location.hash.slice(1)) || document.querySelector("[data-first-field] .form-control");
  if (target) target.focus();
  else document.querySelector("main").focus({ preventScroll: true });
}

// Opens a question before its form is sent.
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
    if (button?.disabled) return; // a wait has not ended
    if (form && form.passesChecks) {
      const done = waiting(form, button);
      const passed = await form.passesChecks();
      done();
      if (!passed) return;
      if (form.isUnchanged) return sendUnasked(); // no question: the server reports that nothing has changed
    }
    if (!question.open) question.showModal();
  }

  let isUnasked = false;
  function sendUnasked() {
    isUnasked = true;
    form.requestSubmit(); // fires the submit event synchronously
    isUnasked = false;
  }

  // The Enter key activates the form's first button, which is inside the question, so open the question first.
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
