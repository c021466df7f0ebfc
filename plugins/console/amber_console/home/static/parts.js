// What pages do with a script that they also do without one, or leave out: copying, menus that close, dialogs, themes.
// By attribute: data-copy (copies the data-copied beside it, or its own value), data-open (opens a dialog by id),
// data-theme-choice, data-all (a checkbox for all of that name), data-submit (a field that sends its form when changed).

const theme = {
  choose(choice) {
    if (choice === "system") {
      localStorage.removeItem("amber.theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("amber.theme", choice);
      document.documentElement.dataset.theme = choice;
    }
    theme.show();
  },
  show() {
    const now = document.documentElement.dataset.theme ?? "system";
    for (const one of document.querySelectorAll("[data-theme-choice]")) {
      one.setAttribute("aria-current", String(one.dataset.themeChoice === now));
    }
  },
};

async function copy(button) {
  const text = button.dataset.copy || button.parentElement.querySelector("[data-copied]").textContent;
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text.trim());
    label.textContent = "Copied";
  } catch {
    label.textContent = "Press Ctrl C"; // without https a page may not write the clipboard, so select it instead
    getSelection().selectAllChildren(button.parentElement.querySelector("[data-copied]"));
  }
  setTimeout(() => (label.textContent = before), 2000);
}

function closeMenus(but) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(but)) menu.open = false;
}

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const target = event.target.closest("[data-copy], [data-open], [data-theme-choice]");
  if (!target) {
    if (event.target.matches("dialog")) event.target.close(); // the backdrop
  } else if ("copy" in target.dataset) copy(target);
  else if (target.dataset.open) {
    document.getElementById(target.dataset.open).showModal();
    htmx.trigger(`#${target.dataset.open} input`, "amber:open");
  } else {
    theme.choose(target.dataset.themeChoice);
    closeMenus();
  }
});

function countSelected() {
  const said = document.querySelector("[data-selected]");
  const count = document.querySelectorAll("[data-row] input:checked").length;
  if (said) said.textContent = `${count} selected`;
}

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.dataset.all) {
    for (const box of document.getElementsByName(target.dataset.all)) box.checked = target.checked;
  } else if ("submit" in target.dataset) target.form.requestSubmit();
  countSelected();
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu || !["Escape", "ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else {
    const items = [...menu.querySelectorAll(".item, input")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    items.at((items.indexOf(document.activeElement) + (step < 0 && !items.includes(document.activeElement) ? 0 : step)) % items.length)?.focus();
  }
});

/** A part that could not be loaded says so where its reader looks; htmx by itself would say nothing. */
function sayRefused(event) {
  const answer = event.detail.xhr?.responseText ?? "";
  const said = new DOMParser().parseFromString(answer, "text/html").querySelector("main h1 + p")?.textContent;
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  notice.textContent = `${said || "Amber did not answer."} Nothing was changed.`;
  document.querySelectorAll("main > .notice[role=alert]").forEach((one) => one.remove());
  document.querySelector("main").prepend(notice);
}
document.addEventListener("htmx:responseError", sayRefused);
document.addEventListener("htmx:sendError", sayRefused);

/** A link to a line that can be unfolded unfolds it. */
function unfold() {
  const fold = document.getElementById(location.hash.slice(1))?.querySelector(":scope > details");
  if (fold) fold.open = true;
}
addEventListener("hashchange", unfold);
unfold();

theme.show();
