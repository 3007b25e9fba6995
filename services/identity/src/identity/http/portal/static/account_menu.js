// The menu opens on hover, as in the manual; a click, a tap or the keyboard opens it too.

export function openAtPointing(menu) {
  const summary = menu.querySelector("summary");
  const shut = () => { menu.open = false; };
  const held = () => menu.querySelector(":focus-visible") !== null; // keyboard navigation within the menu

  menu.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") menu.open = true; });
  menu.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && !held()) shut(); });
  summary.addEventListener("click", (event) => {
    // Hovering has already opened it: the click must not close it again.
    if (event.pointerType === "mouse" && menu.open) event.preventDefault();
  });

  // Wherever the focus is: hover content must be dismissible without moving the mouse (WCAG 1.4.13).
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    const inside = menu.contains(document.activeElement);
    shut();
    if (inside) summary.focus();
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) shut(); });
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) shut(); });
}
