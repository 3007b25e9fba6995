// Copies a text. The button is shown only if the browser allows copying: over https and on localhost.

for (const button of document.querySelectorAll("[data-copy]")) {
  const status = button.parentElement.querySelector("[data-copied]");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(button.dataset.copy).then(() => true, () => false);
    status.textContent = copied ? "已複製" : "無法複製，請自行選取文字";
  });
}
