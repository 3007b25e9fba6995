// The present password is asked for only where the mailbox is another one (PRO-2). Without script it is always there.

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
