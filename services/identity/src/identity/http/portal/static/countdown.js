// Counts down the seconds in `data-wait`, and then enables the button with the id in `data-wait-for`.
// The server enforces the wait. Without scripts, the text asks the person to reload the page.

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
    // Screen readers announce only the end of the wait.
    document.getElementById(`${wait.dataset.waitFor}-ready`).textContent = wait.dataset.waitReady;
  }
}

document.querySelectorAll("[data-wait]").forEach(countDown);
