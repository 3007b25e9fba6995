// Requires each text to be scrolled to its end before it can be accepted, and all texts to be accepted (LOGIN-3).
// A text that fits without scrolling counts as read.

const form = document.querySelector("[data-consents]");
const confirm = form.querySelector("[data-consent-confirm]");
const progress = form.querySelector("[data-consent-progress]");
const checkboxes = [...form.querySelectorAll("input[type=checkbox]")];
const initialText = progress.textContent;

function update() {
  const missing = checkboxes.filter((tick) => !tick.checked).length;
  confirm.disabled = missing > 0;
  const words = missing ? `已同意 ${checkboxes.length - missing} 份，尚有 ${missing} 份。` : `已全部同意，請按【確認】。`;
  const text = missing === checkboxes.length ? initialText : words;
  if (progress.textContent !== text) progress.textContent = text;
}

function watch(consent) {
  const text = consent.querySelector("[data-consent-text]");
  const end = consent.querySelector("[data-consent-end]");
  const hint = consent.querySelector("[data-consent-hint]");
  const tick = consent.querySelector("input[type=checkbox]");
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    tick.disabled = false;
    hint.textContent = hint.dataset.read; // role=status: screen readers announce it
    consent.classList.add("consent--read");
  }, { root: text });
  seen.observe(end);
  tick.addEventListener("change", update);
}

form.querySelectorAll("[data-consent]").forEach(watch);
update();
document.querySelector("[data-consents-plain]").hidden = true; // last, because the checkboxes work from here on
