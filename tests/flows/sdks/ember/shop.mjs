// A shop whose orders and refunds fail, as AMBER's SDK for Node tells of it: node shop.mjs DSN order|refund.
// AMBER's clients know a key, a project and an address instead of a DSN; here they are taken from it. Their stacks start
// at the newest call, as V8 prints them. It prints the id of the event.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";

class NoPrice extends TypeError {
  name = "NoPrice";
}

function priceOf(item) {
  throw new NoPrice(`no price for ${item}`);
}

function checkOut() {
  return priceOf("coffee");
}

function refund() {
  return JSON.parse("{three");
}

const FRAME = /^\s+at (?:(?<name>.+) \()?(?<file>[^()]+):(?<line>\d+):(?<col>\d+)\)?$/;

function stackOf(problem) {
  const found = problem.stack.split("\n").map((line) => FRAME.exec(line)?.groups);
  return found.filter(Boolean).map(({ name = "<anonymous>", file, line, col }) => ({
    function: name,
    filename: file.startsWith("file:") ? fileURLToPath(file) : file,
    line: Number(line),
    col: Number(col),
    in_app: !file.startsWith("node:"),
  }));
}

function told(problem, project) {
  const timestamp = new Date().toISOString();
  return {
    event_id: randomUUID(),
    project_id: project,
    timestamp,
    level: "error",
    exception: { type: problem.name, message: problem.message, stacktrace: stackOf(problem) },
    context: {
      user: { id: "42", email: "reader@example.org" },
      tags: { cart: "large", region: "eu" },
      env: "staging",
      release: "shop@1.4.2",
      breadcrumbs: [
        { timestamp, category: "cart", message: "a book was put into the cart", data: { items: 2 } },
        { timestamp, category: "checkout", message: "pay was pressed", level: "warning" },
      ],
    },
    sdk: { name: "@ember/node", version: "1.0.0" },
  };
}

const [dsn, page] = [new URL(process.argv[2]), process.argv[3]];
const shop = new EventEmitter().on("order", checkOut).on("refund", refund);
try {
  shop.emit(page);
} catch (problem) {
  const event = told(problem, dsn.pathname.slice(1));
  const headers = { "content-type": "application/json", "x-ember-key": dsn.username };
  const answer = await fetch(`${dsn.origin}/ingest`, { method: "POST", headers, body: JSON.stringify(event) });
  if ((await answer.text()) !== "accepted") throw new Error(`Amber answered ${answer.status}`);
  console.log(event.event_id);
}
