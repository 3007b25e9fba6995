// Shows 「處理中…」 when an operation takes longer than DELAY_MS.

const DELAY_MS = 300;
const WORDS = "處理中…";
const status = document.querySelector("[data-busy]");

// Marks a part of the page as busy, and shows the text after a delay, in the pressed button if there is one.
// Returns a function that removes both.
export function waiting(part, button) {
  let label = null;
  part.setAttribute("aria-busy", "true");
  const timer = setTimeout(() => {
    status.classList.toggle("visually-hidden", Boolean(button)); // the button shows the text
    status.textContent = WORDS; // announced by screen readers
    if (!button) return;
    label = [...button.childNodes];
    button.style.minWidth = `${button.offsetWidth}px`;
    button.classList.add("btn--busy");
    button.replaceChildren(WORDS);
  }, DELAY_MS);

  return () => {
    clearTimeout(timer);
    part.removeAttribute("aria-busy");
    status.textContent = "";
    if (!label) return;
    button.classList.remove("btn--busy");
    button.replaceChildren(...label);
    label = null;
  };
}
