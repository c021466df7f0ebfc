"""What Amber must know of each shop's errors."""

from . import shops
from .shops import Raised, Shop

WEB_PRICE = "throw new NoPrice(`no price for ${item}`)"
WEB_CART = 'throw new RangeError("the cart has no price", { cause })'
WEB_ORDER = 'throw new Error("the order failed", { cause })'
SHORT_JSON = "SyntaxError: Expected property name or '}' in JSON at position 1"
BAD_INT = "ValueError: invalid literal for int() with base 10: 'three'"

PYTHON = Shop(
    name="python",
    source="python/shop.py",
    open=shops.open_python,
    platform="python",
    sdk="sentry.python",
    chain=(
        Raised("NoPrice", "no price for coffee", ("pay", "<lambda>", "price_of"), "raise NoPrice("),
        Raised("RuntimeError", "the cart has no price", ("check_out", "pay"), "raise RuntimeError("),
        Raised("ValueError", "the order failed", ("<module>", "check_out"), "raise ValueError("),
    ),
    culprit="__main__ in check_out",
    library="raw_decode",
    refund=(BAD_INT, "__main__ in refund"),
    shows_source=True,
)
NODE = Shop(
    name="node",
    source="node/shop.cjs",
    open=shops.open_node,
    platform="node",
    sdk="sentry.javascript.node 11.12.0",
    chain=(
        Raised(
            "NoPrice", "no price for coffee", ("Object.?", "EventEmitter.checkOut", "pay", None, "priceOf"), WEB_PRICE
        ),
        Raised("RangeError", "the cart has no price", ("Object.?", "EventEmitter.checkOut", "pay"), WEB_CART),
        Raised("Error", "the order failed", ("Object.?", "EventEmitter.checkOut"), WEB_ORDER),
    ),
    culprit="shop in EventEmitter.checkOut",
    library="EventEmitter.emit",
    refund=(SHORT_JSON, "shop in EventEmitter.refund"),
    shows_source=True,
    hears_feedback=True,
)
BROWSER = Shop(
    name="browser",
    source="",  # lines are those of the bundle
    open=shops.open_browser,
    platform="javascript",
    sdk="sentry.javascript.browser 11.12.0",
    chain=(
        Raised("NoPrice", "no price for coffee", ("HTMLButtonElement.checkOut", "pay", None, "priceOf"), WEB_PRICE),
        Raised("RangeError", "the cart has no price", ("HTMLButtonElement.checkOut", "pay"), WEB_CART),
        Raised("Error", "the order failed", ("HTMLButtonElement.checkOut",), WEB_ORDER),
    ),
    culprit="/shop.bundle.js in HTMLButtonElement.checkOut",
    library="Array.map",
    refund=(f"{SHORT_JSON} (line 1 column 2)", "/shop.bundle.js in HTMLButtonElement.refund"),
    hears_feedback=True,
)
GO = Shop(
    name="go",
    source="go/main.go",
    open=shops.open_go,
    platform="go",
    sdk="sentry.go.http 0.50.0",
    chain=(
        Raised("*main.NoPrice", "no price for coffee"),
        Raised("*fmt.wrapError", "the cart has no price: no price for coffee"),
        Raised(
            "*fmt.wrapError",
            "the order failed: the cart has no price: no price for coffee",
            ("main", "checkOut", "report"),
            ".CaptureException(err)",
        ),
    ),
    culprit="main in report",
    library="main.(*Handler).Handle.(*Handler).handle.func2",  # the SDK's own middleware
    refund=("runtime.boundsError: runtime error: index out of range [7] with length 0", "main in refund"),
)
RUST = Shop(
    name="rust",
    source="rust/src/main.rs",
    open=shops.open_rust,
    platform="native",
    sdk="sentry.rust 0.49.5",
    chain=(
        Raised("NoPrice", "no price for coffee"),
        Raised("CartFailed", "the cart has no price"),
        Raised("Error", "the order failed", ("shop::main", "shop::check_out"), '.context("the order failed")'),
    ),
    culprit="main.rs in shop::check_out",
    library="<E as anyhow::context::ext::StdError>::ext_context",
    refund=("panic: nothing was paid", "main.rs in shop::refund"),
)
JAVA = Shop(
    name="java",
    source="java/src/main/java/shop/Shop.java",
    open=shops.open_java,
    platform="java",
    sdk="sentry.java 8.62.0",
    chain=(
        Raised(
            "Shop$NoPrice",
            "no price for coffee",
            ("main", "fail", "checkOut", "pay", "priceOf", "askForPrice"),
            "throw new NoPrice(item)",
        ),
        Raised(
            "IllegalStateException",
            "the cart has no price",
            ("main", "fail", "checkOut", "pay"),
            "throw new IllegalStateException(",
        ),
        Raised("Shop$OrderFailed", "the order failed", ("main", "fail", "checkOut"), "throw new OrderFailed("),
    ),
    culprit="shop.Shop in checkOut",
    library="computeIfAbsent",
    refund=('NumberFormatException: For input string: "three"', "shop.Shop in refund"),
    hears_feedback=True,
)
EMBER_PYTHON = Shop(
    name="ember-python",
    source="ember/shop.py",
    open=shops.open_ember_python,
    platform="python",
    sdk="ember-python 1.0.0",
    chain=(Raised("NoPrice", "no price for coffee", ("<module>", "check_out", "price_of"), "raise NoPrice("),),
    culprit="ember/shop.py in price_of",
    library="raw_decode",
    refund=(BAD_INT, "ember/shop.py in refund"),
    attaches=False,
)
EMBER_NODE = Shop(
    name="ember-node",
    source="ember/shop.mjs",
    open=shops.open_ember_node,
    platform="node",
    sdk="@ember/node 1.0.0",
    chain=(
        Raised(
            "NoPrice", "no price for coffee", ("<anonymous>", "EventEmitter.checkOut", "priceOf"), "throw new NoPrice("
        ),
    ),
    culprit="ember/shop.mjs in priceOf",
    library="EventEmitter.emit",
    refund=(SHORT_JSON, "ember/shop.mjs in EventEmitter.refund"),
    attaches=False,
)
SHOPS = (PYTHON, NODE, BROWSER, GO, RUST, JAVA, EMBER_PYTHON, EMBER_NODE)
