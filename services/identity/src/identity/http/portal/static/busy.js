// Says 「處理中…」 as soon as something takes longer than a moment, so that no wait is silent.

const MOMENT_MS = 300;
const WORDS = "處理中…";
const status = document.querySelector("[data-busy]");

// Start waiting, on the button that was pressed if there is one; returns a function that ends it.
export function waiting(button) {
  let label = null;
  const timer = setTimeout(() => {
    status.classList.toggle("visually-hidden", Boolean(button)); // the button says it too
    status.textContent = WORDS; // announced by screen readers
    if (!button) return;
    label = [...button.childNodes];
    button.style.minWidth = `${button.offsetWidth}px`;
    button.classList.add("btn--busy");
    button.replaceChildren(WORDS);
  }, MOMENT_MS);

  return () => {
    clearTimeout(timer);
    status.textContent = "";
    if (!label) return;
    button.classList.remove("btn--busy");
    button.replaceChildren(...label);
    label = null;
  };
}
