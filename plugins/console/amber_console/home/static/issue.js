// The issue page: which frames are seen (what is chosen is kept for the next issue), and changes that failed.

const KEPT = "amber.frames";
const choices = [...document.querySelectorAll("[data-frames]")];

function see(choice) {
  for (const one of choices) one.setAttribute("aria-pressed", String(one.dataset.frames === choice));
  for (const run of document.querySelectorAll("#stack .library")) run.open = choice === "all";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-frames]");
  if (!button) return;
  localStorage.setItem(KEPT, button.dataset.frames);
  see(button.dataset.frames);
});

if (choices.length && localStorage.getItem(KEPT) === "all") see("all");

function tell(words) {
  const trouble = document.getElementById("issue-trouble");
  trouble.textContent = words;
  trouble.hidden = !words;
}

const isChange = (event) => event.detail.elt.closest("#issue-head");
document.addEventListener("htmx:beforeRequest", (event) => isChange(event) && tell(""));
document.addEventListener("htmx:sendError", (event) => isChange(event) && tell("Amber does not answer. Nothing was changed; try again in a moment."));
document.addEventListener("htmx:responseError", (event) => {
  if (isChange(event)) tell(`Nothing was changed: Amber refused it (${event.detail.xhr.status}). Load the page again to see how the issue is now.`);
});
