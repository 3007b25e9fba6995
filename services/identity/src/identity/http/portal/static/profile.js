// Shows and sends the current password only if the mailbox changes (PRO-2). Hiding the field keeps its value.
// Without scripts, the field is always shown.

import { markField } from "./field_errors.js";

const proof = document.querySelector("[data-email-proof]");
const email = proof && proof.closest("form").elements.email;

function show() {
  const changed = email.value.trim().toLowerCase() !== proof.dataset.emailProof;
  proof.classList.toggle("email-proof--wanted", changed);
  const password = proof.querySelector("input");
  password.disabled = !changed;
  password.required = changed;
  if (!changed) markField(password.form, password.name, []);
}

if (proof) {
  email.addEventListener("input", show);
  show();
}
