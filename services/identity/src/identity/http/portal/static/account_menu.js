// The manual's menu opens where the mouse points at it; a click, a tap or the keyboard does the same.

export function openAtPointing(menu) {
  const summary = menu.querySelector("summary");
  const shut = () => { menu.open = false; };
  const held = () => menu.querySelector(":focus-visible") !== null; // by the keyboard, that walks through it

  menu.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") menu.open = true; });
  menu.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !held()) shut(); });
  summary.addEventListener("click", (event) => {
    // The pointer has opened it already: its click must not close it again at once.
    if (event.pointerType === "mouse" && menu.open) event.preventDefault();
  });

  // Wherever the focus is: what pointing has opened must go away without moving the mouse (WCAG 1.4.13).
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    const inside = menu.contains(document.activeElement);
    shut();
    if (inside) summary.focus();
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) shut(); });
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) shut(); });
}
