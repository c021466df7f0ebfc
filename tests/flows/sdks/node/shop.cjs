// A shop whose orders and refunds fail; @sentry/node tells Amber of it.
// Usage: node shop.cjs DSN order|refund. It prints the id of the event.
const { EventEmitter } = require("node:events");
const Sentry = require("@sentry/node");

const [dsn, page] = process.argv.slice(2);
Sentry.init({ dsn, release: "shop@1.4.2", environment: "staging" });

class NoPrice extends TypeError {
  name = "NoPrice";
}

function priceOf(item) {
  if (item !== "tea") throw new NoPrice(`no price for ${item}`);
  return 3;
}

function pay(items) {
  try {
    return items.map((item) => priceOf(item));
  } catch (cause) {
    throw new RangeError("the cart has no price", { cause });
  }
}

function checkOut() {
  try {
    pay(["tea", "coffee"]);
  } catch (cause) {
    throw new Error("the order failed", { cause });
  }
}

function refund() {
  JSON.parse("{three");
}

const scope = Sentry.getIsolationScope();
scope.setUser({ id: "42", email: "reader@example.org", username: "reader" });
scope.setTags({ cart: "large", region: "eu" });
scope.addAttachment({ filename: "cart.txt", data: "2 x coffee\n", contentType: "text/plain" });
Sentry.addBreadcrumb({ category: "cart", message: "a book was put into the cart", level: "info", data: { items: 2 } });
Sentry.addBreadcrumb({ category: "checkout", message: "pay was pressed", level: "warning" });

const shop = new EventEmitter();
shop.on("order", checkOut);
shop.on("refund", refund);
try {
  shop.emit(page);
} catch (problem) {
  const sent = Sentry.captureException(problem);
  Sentry.captureFeedback({
    name: "A reader",
    email: "reader@example.org",
    message: "The shop lost my coffee",
    associatedEventId: sent,
  });
  Sentry.flush(30_000).then((isSent) => {
    if (!isSent) throw new Error("@sentry/node could not send the event");
    console.log(sent);
  });
}
