// Tells phones over ntfy: `node ntfy.mjs bus.json [new issues within a quarter of an hour that are a flood]`.
import { createHmac, timingSafeEqual } from "node:crypto";
import { serve, Trouble } from "../node/plugin.mjs";

const [file, flood = "20"] = process.argv.slice(2);
const PATIENCE = 4000; // milliseconds; the budget in plugin.toml is longer
const WINDOW = 900; // seconds
const PRIORITY = { fatal: 5, error: 4 };
const ACTIONS = { resolve: "Resolve", ignore: "Ignore" };

const field = (name, description, more = {}) => ({ name, description, kind: "text", is_required: false, ...more });
const target = [
  field("topic", "Topic that phones subscribe to", { is_required: true }),
  field("server", "Address of the ntfy server", { default: "https://ntfy.sh" }),
  field("token", "Access token, where the topic is protected", { kind: "secret" }),
  field("answers", "This target's own address, which Amber shows once it is made: buttons send what they do there"),
  field("secret", "What buttons are signed with; without it there are none", { kind: "secret" }),
];

const ticket = (secret, ...parts) => createHmac("sha256", secret).update(JSON.stringify(parts)).digest("hex");

function buttons({ id, issue_id: issue }, { answers, secret }) {
  if (!issue || !answers || !secret) return [];
  return Object.entries(ACTIONS).map(([action, label]) => ({
    action: "http",
    label,
    url: answers,
    body: JSON.stringify({ id, action, issue, ticket: ticket(secret, id, action, issue) }),
    clear: true,
  }));
}

async function deliver({ notification, target }) {
  const headers = { "X-Sequence-ID": notification.id }; // what comes twice takes the place of the first
  if (target.token) headers.Authorization = `Bearer ${target.token}`;
  const body = JSON.stringify({
    topic: target.topic,
    title: `${notification.project_name}: ${notification.kind}`,
    message: [notification.title, notification.culprit].filter(Boolean).join("\n"),
    priority: PRIORITY[notification.level] ?? 3,
    click: notification.url,
    actions: buttons(notification, target),
  });
  const signal = AbortSignal.timeout(PATIENCE);
  const answer = await fetch(target.server, { method: "POST", headers, body, signal, redirect: "error" });
  await answer.arrayBuffer();
  if (answer.ok) return { detail: `${answer.status} from ${new URL(target.server).host}` };
  throw new Trouble("retry", `ntfy answered ${answer.status}`, Number(answer.headers.get("retry-after")) || null);
}

function receive_webhook({ request, target }) {
  const said = JSON.parse(Buffer.from(request.body, "base64").toString());
  const { id, action, issue } = said;
  const expected = Buffer.from(ticket(target.secret, id, action, issue));
  const shown = Buffer.from(String(said.ticket));
  if (!target.secret || shown.length !== expected.length || !timingSafeEqual(shown, expected))
    throw new Trouble("reject", "the button was not made by this target");
  return [{ action, issue, key: `${id} ${action}` }];
}

const open = new Map(); // by project: the new issues that nobody resolved yet, and since when

function on_fact({ fact }) {
  if (fact.type === "issue.resolved") open.get(fact.project)?.delete(fact.data.issue_id);
}

function evaluate_fact({ fact, project }) {
  if (fact.type !== "issue.created") return [];
  const known = open.get(project.id) ?? new Map();
  open.set(project.id, known.set(fact.data.issue_id, fact.at));
  for (const [issue, since] of known) if (since <= fact.at - WINDOW) known.delete(issue);
  if (known.size < Number(flood)) return [];
  const key = `flood ${Math.floor(fact.at / WINDOW)}`; // told once, however many more there are
  const title = `${known.size} new issues within a quarter of an hour`;
  return [{ title, kind: "issues.flooding", targets: "all", key, page: "/issues" }];
}

await serve(file, { version: "0.1.0", target }, { deliver, receive_webhook, on_fact, evaluate_fact });
