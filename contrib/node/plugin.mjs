// What a plugin in Node needs to answer Amber: `serve` logs in to the bus and answers until SIGTERM.
import { readFileSync } from "node:fs";
import { connect, JSONCodec } from "nats";

const codec = JSONCodec();

/** Thrown on purpose: `retry` (after so many seconds), `reject`, `unavailable` or `denied`, and the reason. */
export class Trouble extends Error {
  constructor(kind, detail, after = null) {
    super(detail);
    Object.assign(this, { kind, after });
  }
}

/**
 * Answer each hook with what its function returns, or what that resolves to.
 *
 * `file` is what `amber plugins credentials NAME --json` printed. `about` says the plugin's version, and in `target`
 * the fields of a form where its targets need any. What is in hand when SIGTERM comes is finished first.
 */
export async function serve(file, about, hooks) {
  const bus = JSON.parse(readFileSync(file, "utf8"));
  const connection = await connect({
    servers: bus.url,
    user: bus.user,
    pass: bus.password,
    inboxPrefix: bus.inbox,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true, // the bus may hear of this login only in a moment
  });
  const inHand = new Set();
  const answers = { hello: () => ({ ...about, hooks: Object.keys(hooks) }), ...hooks };
  const subscriptions = Object.entries(answers).map(([what, answer]) =>
    connection.subscribe(bus.asked.replace("*", what), {
      queue: "host", // of several that run side by side, one answers
      callback: (_, message) => {
        const task = reply(answer, message.data).then((said) => message.respond(codec.encode(said)));
        inHand.add(task);
        task.finally(() => inHand.delete(task));
      },
    }),
  );
  process.once("SIGTERM", async () => {
    await Promise.all(subscriptions.map((one) => one.drain()));
    await Promise.all(inHand);
    await connection.close();
  });
}

async function reply(answer, data) {
  try {
    return { answer: (await answer(codec.decode(data))) ?? null };
  } catch (error) {
    if (error instanceof Trouble) return { error: { kind: error.kind, detail: error.message, after: error.after } };
    console.error(error);
    return { error: { kind: "failed", detail: [error, error.cause].filter(Boolean).join(": ") } };
  }
}
