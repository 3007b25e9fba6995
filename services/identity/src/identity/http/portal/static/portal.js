// Starts the scripts of all pages. Forms work without scripts.

import { openOnHover } from "./account_menu.js";
import { ask, showMessages } from "./dialogs.js";
import { submitOnce } from "./submit_once.js";
import { checkWhileTyping } from "./field_checks.js";
import { focusSummary } from "./field_errors.js";
import { reveal } from "./password_reveal.js";
import { watchSession } from "./session_end.js";

showMessages();
document.querySelectorAll("[data-focus]").forEach(focusSummary);
document.querySelectorAll("form[data-check]").forEach(checkWhileTyping);
document.querySelectorAll("dialog[data-question]").forEach(ask);
document.querySelectorAll("form[data-once]").forEach(submitOnce);
document.querySelectorAll("[data-reveal]").forEach(reveal);
document.querySelectorAll("[data-session-left]").forEach(watchSession);

document.querySelectorAll(".account-menu").forEach(openOnHover);

// Pages from the browser's back/forward cache may belong to an earlier session.
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
