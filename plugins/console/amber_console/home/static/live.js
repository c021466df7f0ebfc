// News while a page is open. Nothing moves under the eye: they become a pill, and a press on it loads the list again.
// data-live names the stream; on the start page data-waits is the project whose first issue opens by itself.

const MINE = document.body.dataset.me;
const CHANGES = ["issue.regressed", "issue.resolved", "issue.ignored", "issue.reopened", "issue.assigned"];
const page = () => document.querySelector("[data-live]");
const rowOf = (issue) => page().querySelector(`[data-issue="${CSS.escape(issue)}"]`);
const fresh = new Set();
const changed = new Set();
let stream;
let wasOpen = false;

function say() {
  const pill = page()?.querySelector("[data-reload]");
  if (!pill) return;
  const parts = [];
  if (fresh.size) parts.push(`↑ ${fresh.size} new ${fresh.size === 1 ? "issue" : "issues"}`);
  if (changed.size) parts.push(`${changed.size} changed`);
  pill.textContent = parts.join(" · ");
  pill.hidden = !parts.length;
}

function created(data) {
  const { waits, then, project } = page().dataset;
  if (waits) {
    if (waits === data.project_id) location.assign(then);
  } else if (!project || project === data.project_id) {
    fresh.add(data.issue_id);
    say();
  }
}

function touched(issue) {
  const row = rowOf(issue);
  if (!row) return;
  row.querySelector(".changed").hidden = false;
  changed.add(issue);
  say();
}

/** What happened while nobody listened: the list as it is now, held against the one that is shown. */
async function catchUp() {
  if (page().dataset.waits) return location.assign(page().dataset.then);
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  const state = (row) => row.className + (row.querySelector(".state")?.textContent ?? "");
  for (const row of now.querySelectorAll("[data-issue]")) {
    const { issue } = row.dataset;
    const shown = rowOf(issue);
    if (shown && state(shown) !== state(row)) touched(issue);
    else if (!shown) (row.querySelector(".state")?.textContent === "new" ? fresh : changed).add(issue);
  }
  say();
}

// A page nobody looks at holds no connection: browsers allow six to one host, over all tabs.
function listen() {
  if (document.hidden) {
    stream?.close();
    stream = undefined;
  }
  if (stream || document.hidden || !page()) return;
  stream = new EventSource(page().dataset.live);
  stream.addEventListener("ready", () => {
    if (wasOpen) catchUp();
    wasOpen = true;
  });
  stream.addEventListener("issue.created", (event) => created(JSON.parse(event.data)));
  for (const kind of CHANGES) {
    stream.addEventListener(kind, (event) => {
      const data = JSON.parse(event.data);
      if (data.actor !== MINE) touched(data.issue_id);
    });
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-reload]")) location.reload();
});
document.addEventListener("htmx:afterSwap", () => {
  fresh.clear();
  changed.clear();
});
document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => stream?.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
listen();
