// Lets people show a password while they type it (NIST SP 800-63B-4, 3.1.1.2), and hides it before sending.

export function reveal(button) {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.firstChild.textContent = shown ? "隱藏" : "顯示";
  };
  button.addEventListener("click", () => show(input.type === "password"));
  input.form.addEventListener("submit", () => show(false));
}
