// The current password is asked for only if the mailbox changes (PRO-2). Without scripts the field is always shown.

const proof = document.querySelector("[data-email-proof]");
const email = proof && proof.closest("form").elements.email;

function show() {
  const changed = email.value.trim().toLowerCase() !== proof.dataset.emailProof;
  proof.classList.toggle("email-proof--wanted", changed);
  if (!changed) proof.querySelector("input").value = "";
}

if (proof) {
  email.addEventListener("input", show);
  show();
}
