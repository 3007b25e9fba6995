// Counts down a wait: `data-wait` has its seconds, `data-wait-for` the id of the button that stays disabled.
// The server checks in any case; without scripts the sentence says to reload the page.

import { inWords } from "./durations.js";

const SECOND_MS = 1000;

export function countDown(wait) {
  const button = document.getElementById(wait.dataset.waitFor);
  const left = wait.querySelector("[data-wait-left]");
  const endsAt = Date.now() + Number(wait.dataset.wait) * SECOND_MS;
  wait.querySelectorAll("[data-wait-reload]").forEach((hint) => hint.remove());
  const ticking = setInterval(tick, SECOND_MS);
  tick();

  function tick() {
    if (!wait.isConnected) return clearInterval(ticking); // this part of the page was replaced
    const seconds = Math.ceil((endsAt - Date.now()) / SECOND_MS);
    if (seconds > 0) {
      left.textContent = inWords(seconds);
      return;
    }
    clearInterval(ticking);
    button.disabled = false;
    button.removeAttribute("aria-describedby");
    wait.hidden = true;
    // Screen readers announce the end, not every second.
    document.getElementById(`${wait.dataset.waitFor}-ready`).textContent = wait.dataset.waitReady;
  }
}

document.querySelectorAll("[data-wait]").forEach(countDown);
