// Shows the errors of a form: a message beside each field, and a summary above the form with links to the fields.

const wrongFields = (count) => `有 ${count} 個欄位需要修正`;
const labelOf = (field) => field.querySelector(".field__label").firstChild.textContent;
const fieldOf = (form, name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);

// Shows `reasons`, or else `advice` with a button that fills in the `suggestion`, beside a field. With `quietly`, screen
// readers announce only the summary.
export function markField(form, name, reasons, { quietly = false, advice = "", suggestion = "" } = {}) {
  const field = fieldOf(form, name);
  const [input, reason] = [field.querySelector("input"), field.querySelector(".field__error")];
  field.classList.toggle("field--invalid", reasons.length > 0);
  input.setAttribute("aria-invalid", String(reasons.length > 0));
  reason.setAttribute("aria-live", quietly ? "off" : "polite");
  field.classList.toggle("field--advised", advice !== "");
  const text = reasons.join("；") || advice;
  // Unchanged text is not replaced, because the person may be pressing its button.
  if ((reason.firstChild?.textContent ?? "") !== text) {
    reason.replaceChildren(text);
    if (suggestion) offer(form, name, suggestion);
  }
  markEntry(form, input.id, reasons.length > 0);
}

// Appends the button to the text of a live region, so that screen readers announce both.
export function offer(form, name, suggestion) {
  const input = form.elements[name];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-outline btn-small";
  button.textContent = `改為 ${suggestion}`;
  button.addEventListener("click", () => {
    input.value = suggestion;
    input.focus(); // screen readers announce the new value
    markField(form, name, []);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  fieldOf(form, name).querySelector(".field__error").append(button);
}

// Strikes out a corrected field in the summary. The summary's height does not change, so that the page does not move.
function markEntry(form, id, isWrong) {
  const summary = form.parentElement.querySelector(".errors");
  const entry = summary?.querySelector(`a[href="#${CSS.escape(id)}"]`)?.closest("li");
  if (!entry) return;
  summary.removeAttribute("role"); // screen readers announce the summary once, not its changes
  entry.classList.toggle("errors__mended", !isWrong);
  const left = summary.querySelectorAll("li:not(.errors__mended)").length;
  summary.querySelector(".errors__title").textContent = left ? wrongFields(left) : mended(form);
}

// Returns the title for a corrected form. A required field may have appeared after the summary, such as the current
// password after the mailbox was changed.
function mended(form) {
  const empty = [...form.elements].find((input) => input.required && !input.disabled && input.value === "");
  return empty ? `已修正，請再填寫「${labelOf(empty.closest("[data-field]"))}」` : "已全部修正，請再送出一次";
}

// Focuses the summary and scrolls its start into view. Focusing alone would centre it and could hide its title.
export function focusSummary(summary) {
  summary.focus({ preventScroll: true });
  const { top, bottom } = summary.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) summary.scrollIntoView({ block: "start" });
}

// Replaces the summary above the form, and focuses it. Without errors and `sentence`, only removes it and returns true.
export function summarize(form, wrong, sentence = "") {
  form.parentElement.querySelector(".errors")?.remove();
  if (!wrong.length && !sentence) return true;
  const summary = document.createElement("div");
  summary.className = "errors";
  summary.setAttribute("role", "alert");
  summary.tabIndex = -1;
  const title = document.createElement("p");
  title.className = "errors__title";
  title.textContent = sentence || wrongFields(wrong.length);
  summary.append(title);
  if (wrong.length) {
    const list = document.createElement("ul");
    list.append(...wrong.map((name) => entry(fieldOf(form, name))));
    summary.append(list);
  }
  form.before(summary);
  const mark = "錯誤：";
  if (!document.title.startsWith(mark)) document.title = mark + document.title;
  focusSummary(summary);
  return false;
}

function entry(field) {
  const link = document.createElement("a");
  link.href = `#${field.querySelector("input").id}`;
  link.textContent = `${labelOf(field)}：${field.querySelector(".field__error").textContent}`;
  const item = document.createElement("li");
  item.append(link);
  return item;
}
