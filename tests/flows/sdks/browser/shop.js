// A shop's page whose orders and refunds fail; @sentry/browser tells Amber of it.
// `window.DSN` says where Amber is; `window.sent` becomes the id of the event once Amber has answered.
import * as Sentry from "@sentry/browser";

Sentry.init({
  dsn: window.DSN,
  release: "shop@1.4.2",
  environment: "staging",
  beforeSend(event) {
    setTimeout(complain, 0, event.event_id);
    return event;
  },
});

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

async function complain(about) {
  Sentry.captureFeedback({
    name: "A reader",
    email: "reader@example.org",
    message: "The shop lost my coffee",
    associatedEventId: about,
  });
  if (await Sentry.flush(30_000)) window.sent = about;
}

const scope = Sentry.getIsolationScope();
scope.setUser({ id: "42", email: "reader@example.org", username: "reader" });
scope.setTags({ cart: "large", region: "eu" });
scope.addAttachment({ filename: "cart.txt", data: "2 x coffee\n", contentType: "text/plain" });
Sentry.addBreadcrumb({ category: "cart", message: "a book was put into the cart", level: "info", data: { items: 2 } });
Sentry.addBreadcrumb({ category: "checkout", message: "pay was pressed", level: "warning" });

document.getElementById("order").addEventListener("click", checkOut);
document.getElementById("refund").addEventListener("click", refund);
