// What every page does beyond plain HTML. All of it is optional: forms work without scripts.

import { openAtPointing } from "./account_menu.js";
import { ask, showMessages } from "./dialogs.js";
import { submitOnce } from "./submit_once.js";
import { checkWhileTyping } from "./field_checks.js";
import { turnTo } from "./field_errors.js";
import { reveal } from "./password_reveal.js";
import { watchSession } from "./session_end.js";

showMessages();
document.querySelectorAll("[data-focus]").forEach(turnTo);
document.querySelectorAll("form[data-check]").forEach(checkWhileTyping);
document.querySelectorAll("dialog[data-question]").forEach(ask);
document.querySelectorAll("form[data-once]").forEach(submitOnce);
document.querySelectorAll("[data-reveal]").forEach(reveal);
document.querySelectorAll("[data-session-left]").forEach(watchSession);

document.querySelectorAll(".account-menu").forEach(openAtPointing);

// Reload a page that the browser cached before a logout or a change of account.
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
