// System messages and questions: plain HTML shows them; the script makes them modal and keeps the focus inside.

export function showMessages() {
  for (const message of document.querySelectorAll("dialog[data-modal][open]")) {
    message.close();
    message.showModal();
  }
}

// A question stands between a form's button and its sending.
export function ask(question) {
  const form = question.closest("form");
  for (const button of document.querySelectorAll(`[popovertarget="${CSS.escape(question.id)}"]`)) {
    const hides = button.getAttribute("popovertargetaction") === "hide";
    button.removeAttribute("popovertarget");
    button.addEventListener("click", () => (hides ? question.close() : open()));
  }
  question.removeAttribute("popover");

  async function open() {
    const passes = form && form.passesChecks;
    if (passes && !(await passes())) return;
    if (!question.open) question.showModal();
  }

  // The Enter key sends by the form's first button, which is the question's: it is asked first.
  if (form) {
    form.addEventListener("submit", (event) => {
      if (question.open) return;
      if (event.submitter && !question.contains(event.submitter)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      open();
    });
  }
}
