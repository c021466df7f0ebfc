"""Two weeks of errors of a shop that does not exist, as SDKs would have sent them."""

import json
import random
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

DAY = 86_400.0
WEEKS = 14 * DAY
"""How far back the demonstration goes."""


def events(now: float) -> Iterator[dict[str, Any]]:
    """Events in the order in which they happened, the same every time but for their ids."""
    chance = random.Random(7)  # noqa: S311 - a demonstration, no secret
    every = [
        _event(kind, now - chance.uniform(kind["until"], kind["since"]) * DAY, chance)
        for kind in KINDS
        for _ in range(kind["count"])
    ]
    return iter(sorted(every, key=lambda event: event["timestamp"]))


def envelope(event: Mapping[str, Any]) -> bytes:
    """The envelope one event travels in."""
    return b"\n".join(json.dumps(part).encode() for part in ({"event_id": event["event_id"]}, {"type": "event"}, event))


def _event(kind: Mapping[str, Any], at: float, chance: random.Random) -> dict[str, Any]:
    user = chance.randrange(1, kind["users"] + 1)
    region = chance.choice(["eu-west", "eu-west", "eu-west", "us-east"])
    return {
        "event_id": uuid.UUID(int=chance.getrandbits(128)).hex,
        "timestamp": at,
        "platform": kind["platform"],
        "level": kind.get("level", "error"),
        "release": kind["release"],
        "environment": chance.choice(["production"] * 4 + ["staging"]),
        "transaction": kind["transaction"],
        "server_name": f"web-{chance.randrange(1, 4)}",
        "user": {"id": str(user), "email": f"customer{user}@example.org"},
        "tags": {"region": region, "plan": chance.choice(["free", "pro", "team"])},
        "contexts": {"runtime": kind["runtime"], "trace": {"trace_id": f"{chance.getrandbits(128):032x}"}},
        "request": {
            "method": "POST",
            "url": "https://shop.example.org/checkout",
            "headers": {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36"},
            "data": {"cart": user, "voucher": "SPRING"},
        },
        "breadcrumbs": {"values": _crumbs(at)},
        "exception": {"values": kind["exceptions"]},
        "sdk": kind["sdk"],
    }


def _crumbs(at: float) -> list[dict[str, Any]]:
    steps = (
        (9.0, "navigation", "info", "/cart → /checkout"),
        (4.2, "query", "info", "SELECT total, discount FROM carts WHERE id = %s"),
        (1.1, "http", "warning", "GET https://rates.example.org/eur answered 503"),
        (0.2, "checkout", "error", "voucher SPRING has no discount"),
    )
    return [
        {"timestamp": at - ago, "category": category, "level": level, "message": message}
        for ago, category, level, message in steps
    ]


def _frame(function: str, file: str, line: int, source: str = "", **more: Any) -> dict[str, Any]:
    module = file.rsplit(".", 1)[0].replace("/", ".")
    frame: dict[str, Any] = {"function": function, "filename": file, "module": module, "lineno": line, **more}
    lines = source.splitlines()
    if lines:
        middle = len(lines) // 2
        frame |= {"pre_context": lines[:middle], "context_line": lines[middle], "post_context": lines[middle + 1 :]}
    return {"in_app": True, **frame}


CALLING = """\
def place_order(order):
    cart = carts.load(order.cart_id)
    try:
        total = pricing.total(cart, order.voucher)
    except ArithmeticError as error:
        raise CheckoutError(f"order {order.number} cannot be placed") from error
    return payments.charge(order.customer, total)"""
RAISING = """\
    try:
        total = pricing.total(cart, order.voucher)
    except ArithmeticError as error:
        raise CheckoutError(f"order {order.number} cannot be placed") from error
    return payments.charge(order.customer, total)


"""
PRICING = """\
def total(cart, voucher):
    gross = sum(line.price * line.amount for line in cart.lines)
    discount = voucher.discount
    return gross / discount


def with_tax(total, country):"""
TYPESCRIPT = """\
export function addItem(cart: Cart, item?: Item): Cart {
  const line = cart.lines.find((known) => known.item.id === item.id);
  if (line) {
    return raise(cart, line, line.amount + 1);
  }
  return { ...cart, lines: [...cart.lines, { item: item.id, amount: 1 }] };
}"""
PYTHON = {
    "platform": "python",
    "runtime": {"name": "CPython", "version": "3.13.1"},
    "sdk": {"name": "sentry.python.django", "version": "2.75.0"},
}
BROWSER = {
    "platform": "javascript",
    "runtime": {"name": "Chrome", "version": "140"},
    "sdk": {"name": "sentry.javascript.browser", "version": "11.12.0"},
}
JAVA = {
    "platform": "java",
    "runtime": {"name": "OpenJDK", "version": "17.0.15"},
    "sdk": {"name": "sentry.java.spring", "version": "8.20.0"},
}
GO = {"platform": "go", "runtime": {"name": "go", "version": "go1.26"}, "sdk": {"name": "sentry.go", "version": "0.40"}}
LIBRARY = [
    _frame("inner", "django/core/handlers/exception.py", 55, in_app=False),
    _frame("_get_response", "django/core/handlers/base.py", 197, in_app=False),
]
KINDS: tuple[dict[str, Any], ...] = (
    {
        **PYTHON,
        "count": 46,
        "since": 3.0,
        "until": 0.003,
        "users": 38,
        "release": "shop@2.3.1",
        "transaction": "shop.checkout.views.place_order",
        "exceptions": [
            {
                "type": "ZeroDivisionError",
                "value": "float division by zero",
                "module": "builtins",
                "stacktrace": {
                    "frames": [
                        _frame("place_order", "shop/checkout/views.py", 91, CALLING, vars={"order": "<Order 4711>"}),
                        _frame(
                            "total",
                            "shop/pricing.py",
                            41,
                            PRICING,
                            vars={"gross": "59.8", "discount": "0.0", "voucher": "<Voucher SPRING>"},
                        ),
                    ]
                },
            },
            {
                "type": "CheckoutError",
                "value": "order 4711 cannot be placed",
                "module": "shop.checkout",
                "mechanism": {"type": "django", "handled": False},
                "stacktrace": {
                    "frames": [
                        *LIBRARY,
                        _frame(
                            "place_order",
                            "shop/checkout/views.py",
                            93,
                            RAISING,
                            vars={"order": "<Order 4711: 3 lines>", "cart": "<Cart 17>"},
                        ),
                    ]
                },
            },
        ],
    },
    {
        **BROWSER,
        "count": 31,
        "since": 13.0,
        "until": 0.01,
        "users": 24,
        "release": "web@7.4.0",
        "transaction": "/cart",
        "exceptions": [
            {
                "type": "TypeError",
                "value": "Cannot read properties of undefined (reading 'id')",
                "mechanism": {"type": "onerror", "handled": False},
                "stacktrace": {
                    "frames": [
                        _frame("dispatch", "node_modules/react-dom/client.js", 9120, in_app=False),
                        _frame("onClick", "src/cart/AddButton.tsx", 31),
                        _frame("addItem", "src/cart/cart.ts", 57, TYPESCRIPT),
                    ]
                },
            }
        ],
    },
    {
        **JAVA,
        "count": 12,
        "since": 8.0,
        "until": 1.0,
        "users": 7,
        "level": "fatal",
        "release": "billing@1.18.0",
        "transaction": "InvoiceJob.run",
        "exceptions": [
            {
                "type": "IllegalStateException",
                "value": "invoice 2026-1187 has no currency",
                "module": "org.example.billing",
                "stacktrace": {
                    "frames": [
                        _frame("run", "java/util/concurrent/ThreadPoolExecutor.java", 1136, in_app=False),
                        _frame("run", "InvoiceJob.java", 64, module="org.example.billing.InvoiceJob"),
                        _frame("currency", "Invoice.java", 121, module="org.example.billing.Invoice"),
                    ]
                },
            }
        ],
    },
    {
        **GO,
        "count": 9,
        "since": 5.0,
        "until": 0.2,
        "users": 5,
        "level": "warning",
        "release": "rates@0.9.2",
        "transaction": "rates.Refresh",
        "exceptions": [
            {
                "type": "*url.Error",
                "value": 'Get "https://rates.example.org/eur": context deadline exceeded',
                "stacktrace": {"frames": [_frame("Refresh", "rates/refresh.go", 73, module="rates")]},
            }
        ],
    },
    {
        **PYTHON,
        "count": 5,
        "since": 12.0,
        "until": 9.0,
        "users": 3,
        "release": "shop@2.2.0",
        "transaction": "shop.mail.send_receipt",
        "exceptions": [
            {
                "type": "SMTPRecipientsRefused",
                "value": "550 no such mailbox",
                "module": "smtplib",
                "stacktrace": {
                    "frames": [
                        _frame("send_receipt", "shop/mail.py", 29),
                        _frame("sendmail", "smtplib.py", 887, in_app=False),
                    ]
                },
            }
        ],
    },
)
