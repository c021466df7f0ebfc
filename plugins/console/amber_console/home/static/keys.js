// The keyboard. Any element with data-key is clicked by that key (a field or a menu's summary is focused and opened),
// as long as nobody is typing. Rows of a list carry data-row and are walked with j and k.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
let leader = 0;
let last = -1; // where the current row stood, for lists that were drawn anew meanwhile

const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.querySelector("[data-row][aria-current]");

function move(step) {
  const all = rows();
  const at = current() ? all.indexOf(current()) : step > 0 ? last - 1 : last;
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!next) return;
  current()?.removeAttribute("aria-current");
  next.setAttribute("aria-current", "true");
  last = all.indexOf(next);
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** A key that changes rows means the one we stand on where none was selected; whether there is any. */
function hasRows() {
  if (document.querySelector("[data-row] input:checked")) return true;
  const box = current()?.querySelector("input[type=checkbox]");
  box?.click();
  return Boolean(box);
}

function press(element) {
  if (element.closest("[data-bulk]") && !hasRows()) return;
  if (element.matches("input, select, textarea")) {
    element.focus();
    element.select?.();
  } else element.click();
  if (element.matches("summary")) element.parentElement.querySelector(".panel .item, .panel input")?.focus();
}

function select() {
  const box = current()?.querySelector("input[type=checkbox]");
  if (box) box.click();
}

const OWN = {
  j: () => move(1),
  k: () => move(-1),
  x: select,
  g: () => (leader = Date.now()),
  "?": () => document.getElementById("keys").showModal(),
};

function openPalette() {
  const palette = document.getElementById("palette");
  if (palette.open) return palette.close();
  palette.showModal();
  palette.querySelector("input").select();
  htmx.trigger(palette.querySelector("input"), "amber:open");
}

function found(key) {
  const isLed = Date.now() - leader < 1200;
  leader = 0;
  const target = isLed
    ? document.querySelector(`[data-go="${CSS.escape(key)}"]`)
    : [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find((one) => one.checkVisibility() || one.closest("[data-bulk]"));
  return target ? () => press(target) : isLed ? undefined : OWN[key];
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    openPalette();
  } else if (event.key === "Escape" && event.target.matches(TYPING)) event.target.blur();
  else if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING)) return;
  else if (document.querySelector("dialog[open]")) return;
  else {
    const action = found(event.key);
    if (!action) return;
    event.preventDefault();
    action();
  }
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row || row === current()) return;
  current()?.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
});

const palette = document.getElementById("palette");
palette.addEventListener("keydown", (event) => {
  const links = [...palette.querySelectorAll(".found a")];
  const at = links.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") {
    event.preventDefault(); // a search field would only empty itself
    palette.close();
  } else if (event.key === "Enter") {
    event.preventDefault();
    links[Math.max(at, 0)]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = links[(at + (event.key === "ArrowDown" ? 1 : links.length - 1)) % links.length] ?? links.at(-1);
    links[at]?.setAttribute("aria-selected", "false");
    next?.setAttribute("aria-selected", "true");
    next?.scrollIntoView({ block: "nearest" });
  }
});
