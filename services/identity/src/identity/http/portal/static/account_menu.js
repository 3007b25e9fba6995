// Opens the menu on hover, as in the manual. A click, a tap and the keyboard open it too.

export function openOnHover(menu) {
  const summary = menu.querySelector("summary");
  const close = () => { menu.open = false; };
  const hasKeyboardFocus = () => menu.querySelector(":focus-visible") !== null; // keyboard navigation within the menu

  menu.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") menu.open = true; });
  menu.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !hasKeyboardFocus()) close(); });
  summary.addEventListener("click", (event) => {
    // Hovering has already opened the menu, so the click must not close it.
    if (event.pointerType === "mouse" && menu.open) event.preventDefault();
  });

  // On the document, because hover content must be dismissible wherever the focus is (WCAG 1.4.13).
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    const inside = menu.contains(document.activeElement);
    close();
    if (inside) summary.focus();
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(); });
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) close(); });
}
