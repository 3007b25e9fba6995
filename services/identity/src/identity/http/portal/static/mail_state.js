// Polls the delivery status of the mail, and continues after the mailbox is verified in another tab (VER-6).

const INTERVAL_MS = 4000;
const MAX_POLLING_MS = 10 * 60 * 1000;

let timer = 0;
let until = Date.now() + MAX_POLLING_MS;

function schedulePoll() {
  clearTimeout(timer);
  if (!document.hidden && Date.now() < until) timer = setTimeout(poll, INTERVAL_MS);
}

async function poll() {
  try {
    const answer = await fetch("/api/v1/session", { headers: { Accept: "application/json" } });
    if (answer.status === 401) return continueToNextStep();
    if (answer.ok) {
      const session = await answer.json();
      if (session.next !== "verify_email") return continueToNextStep();
      await show(session.verification_mail);
    }
  } catch {
    // for example offline: poll again later
  }
  schedulePoll();
}

// Loads the page, which contains the text, only if the state differs from the displayed state.
async function show(mail) {
  const shown = document.querySelector("[data-mail-state]");
  const state = mail ? mail.state : "";
  const at = mail ? mail.at : "";
  if (shown.dataset.mailState === state && shown.dataset.mailAt === at) return;
  const answer = await fetch(window.location.pathname, { headers: { Accept: "text/html" }, redirect: "manual" });
  if (!answer.ok) return; // a redirect or an error, which the next poll handles
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-mail-state]");
  if (!fresh) return;
  // The element stays in place, so that screen readers announce its new content.
  Object.assign(shown.dataset, fresh.dataset);
  shown.replaceChildren(...fresh.childNodes);
}

// The page's URL redirects to the next step, or to the login if the session has ended.
function continueToNextStep() {
  window.location.reload();
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) return;
  until = Date.now() + MAX_POLLING_MS;
  poll();
});

schedulePoll();
