// Light or dark before the first paint; runs in the head, so it stays tiny. Without a choice the system decides.
const root = document.documentElement;
root.classList.add("scripted-page");
const chosen = localStorage.getItem("amber.theme");
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
