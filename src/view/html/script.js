"use strict";
(() => {
  // Copies the command beside the button. Where the browser keeps the clipboard from a page, the command is
  // selected, so that the keys of the system copy it.
  for (const button of document.querySelectorAll("[data-copy]")) {
    const command = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        button.textContent = "Selected";
      }
    });
  }

  const bar = document.getElementById("filter");
  if (!bar) return;
  const field = bar.querySelector("input");
  const shown = bar.querySelector("output");
  const toggles = [...bar.querySelectorAll("button[data-action]")];
  const items = [...document.querySelectorAll("details.item")];
  const groups = [...document.querySelectorAll(".group")];
  // What is counted and filtered: a change, or each of the resources that are changed alike.
  const units = items.flatMap((item) => {
    const members = [...item.querySelectorAll("[data-member]")];
    if (members.length === 0) return [{ item, text: item.textContent.toLowerCase() }];
    const shared = item.cloneNode(true);
    for (const member of shared.querySelectorAll("[data-member]")) member.remove();
    const said = shared.textContent.toLowerCase();
    return members.map((member) => ({ item, member, text: `${said} ${member.textContent.toLowerCase()}` }));
  });

  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set();
    for (const toggle of toggles) {
      if (toggle.getAttribute("aria-pressed") === "false") off.add(toggle.dataset.action);
    }
    let count = 0;
    for (const item of items) item.hidden = true;
    for (const { item, member, text } of units) {
      const fits = !off.has(item.dataset.action) && words.every((word) => text.includes(word));
      if (member) member.hidden = !fits;
      if (!fits) continue;
      item.hidden = false;
      count += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector("details.item:not([hidden])");
    shown.textContent = `${count} of ${units.length} shown`;
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
    const item = target?.closest("details.item");
    if (!item) return;
    if (item.hidden || target.hidden) everything();
    item.open = true;
    target.scrollIntoView();
    item.querySelector("summary").focus({ preventScroll: true });
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
