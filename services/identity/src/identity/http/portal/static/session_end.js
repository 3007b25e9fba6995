// Warns before the session times out and offers to extend it. After the timeout, the page redirects to the login.
// The pages of one browser share a session, and send each other new end times.

import { inWords } from "./durations.js";

const WARNING_MS = 2 * 60 * 1000;
const MINUTE_MS = 60 * 1000;
const SECOND_MS = 1000;

export function watchSession(question) {
  const { sessionLeft, sessionUntil, sessionOver } = question.dataset;
  const wait = question.querySelector("[data-session-wait]");
  const others = new BroadcastChannel("session-end");
  let until = Date.parse(sessionUntil); // by the server's clock, which may differ from the browser's
  const ahead = Date.now() + Number(sessionLeft) * SECOND_MS - until;
  const warning = Math.min(WARNING_MS, (Number(sessionLeft) * SECOND_MS) / 2);
  let last = false; // the absolute limit is near, so the session cannot be extended
  let timer = 0;

  const left = () => until + ahead - Date.now();

  function tick() {
    clearTimeout(timer);
    if (left() <= 0) return window.location.assign(sessionOver);
    wait.textContent = inWords(Math.ceil(left() / SECOND_MS));
    const due = left() <= warning;
    if (!due) question.close();
    else if (!last && !question.open) question.showModal();
    timer = setTimeout(tick, due ? SECOND_MS : Math.min(left() - warning, MINUTE_MS));
  }

  async function extend() {
    clearTimeout(timer);
    question.close();
    const answer = await fetch("/api/v1/session", { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer && answer.status === 401) return window.location.assign(sessionOver);
    if (answer && answer.ok) {
      until = Date.parse((await answer.json()).expires_at);
      last = left() <= warning;
      others.postMessage(until);
    }
    tick(); // shows the question again if the server was unavailable
  }

  question.querySelector("[data-session-on]").addEventListener("click", extend);
  question.addEventListener("cancel", extend); // the Escape key
  others.addEventListener("message", (event) => {
    until = Math.max(until, event.data);
    tick();
  });
  others.postMessage(until);
  tick();
}
