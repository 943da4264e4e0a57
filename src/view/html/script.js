"use strict";
(() => {
  const bar = document.getElementById("filter");
  if (!bar) return;
  const field = bar.querySelector("input");
  const shown = bar.querySelector("output");
  const toggles = [...bar.querySelectorAll("button[data-action]")];
  const items = [...document.querySelectorAll("details.item")];
  const groups = [...document.querySelectorAll(".group")];
  const texts = items.map((item) => item.textContent.toLowerCase());

  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set();
    for (const toggle of toggles) {
      if (toggle.getAttribute("aria-pressed") === "false") off.add(toggle.dataset.action);
    }
    let count = 0;
    items.forEach((item, at) => {
      const fits = !off.has(item.dataset.action) && words.every((word) => texts[at].includes(word));
      item.hidden = !fits;
      if (fits) count += 1;
    });
    for (const group of groups) group.hidden = !group.querySelector("details.item:not([hidden])");
    shown.textContent = `${count} of ${items.length} shown`;
  };

  const everything = () => {
    field.value = "";
    for (const toggle of toggles) toggle.setAttribute("aria-pressed", "true");
    narrow();
  };

  // A link to a change opens it, even where the filter hides it.
  const follow = () => {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      return;
    }
    const target = document.getElementById(id);
    if (!target || !target.matches("details.item")) return;
    if (target.hidden) everything();
    target.open = true;
    target.scrollIntoView();
    target.querySelector("summary").focus({ preventScroll: true });
  };

  bar.hidden = false;
  field.addEventListener("input", narrow);
  for (const toggle of toggles) {
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") === "false"));
      narrow();
    });
  }
  bar.querySelector("[data-open]").addEventListener("click", () => {
    for (const item of items) item.open = true;
  });
  bar.querySelector("[data-close]").addEventListener("click", () => {
    for (const item of items) item.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
    } else if (event.key === "Escape" && document.activeElement === field) {
      everything();
    }
  });
  addEventListener("hashchange", follow);
  narrow();
  follow();
})();
