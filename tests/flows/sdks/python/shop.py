"""A shop whose orders and refunds fail; sentry_sdk tells Amber of it: `python shop.py DSN order|refund`.

It prints the id of the event.
"""

import json
import sys

import sentry_sdk


class NoPrice(LookupError):
    pass


def price_of(item: str) -> int:
    prices = {"tea": 3}
    if item not in prices:
        raise NoPrice(f"no price for {item}")
    return prices[item]


def pay(cart: str) -> int:
    try:
        return sum(json.loads(cart, object_hook=lambda line: price_of(line["item"])))
    except NoPrice as cause:
        raise RuntimeError("the cart has no price") from cause


def check_out() -> int:
    try:
        return pay('[{"item": "tea"}, {"item": "coffee"}]')
    except RuntimeError as cause:
        raise ValueError("the order failed") from cause


def refund() -> int:
    return int("three")


def describe(scope: sentry_sdk.Scope) -> None:
    scope.set_user({"id": "42", "email": "reader@example.org", "username": "reader"})
    scope.set_tags({"cart": "large", "region": "eu"})
    scope.add_attachment(bytes=b"2 x coffee\n", filename="cart.txt", content_type="text/plain")


if __name__ == "__main__":
    sentry_sdk.init(sys.argv[1], release="shop@1.4.2", environment="staging")
    describe(sentry_sdk.get_isolation_scope())
    sentry_sdk.add_breadcrumb(category="cart", message="a book was put into the cart", level="info", data={"items": 2})
    sentry_sdk.add_breadcrumb(category="checkout", message="pay was pressed", level="warning")
    try:
        {"order": check_out, "refund": refund}[sys.argv[2]]()
    except Exception as problem:
        print(sentry_sdk.capture_exception(problem))
    sentry_sdk.flush(30)
