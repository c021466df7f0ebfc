"""The same failing shop in every language, and what Amber must know of its errors."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .chromium import click
from .toolchains import SOURCES, built, run, tool

Visit = Callable[[str], str]
"""Opens a page of the shop, `order` or `refund`, which fails; answers the id of the event."""


@dataclass(frozen=True)
class Raised:
    """One exception of a chain: the app's own functions in its stack, and the line the newest of them stands at."""

    type: str
    value: str
    own: tuple[str | None, ...] = ()
    line: str = ""


@dataclass(frozen=True)
class Shop:
    """One SDK's shop; `chain` is what an order raises, oldest cause first."""

    name: str
    source: str
    open: Callable[[str], Visit]
    platform: str
    sdk: str
    chain: tuple[Raised, ...]
    culprit: str
    library: str
    """A function of a library in one of the stacks of an order."""
    refund: tuple[str, str]
    """Title and culprit of the other error."""
    shows_source: bool = False
    attaches: bool = True
    hears_feedback: bool = False

    def __str__(self) -> str:
        return self.name


def command(folder: Path, dsn: str, *words: str) -> Visit:
    return lambda page: run(*words, dsn, page, folder=folder)


def open_python(dsn: str) -> Visit:
    return command(SOURCES / "python", dsn, sys.executable, "-B", "shop.py")


def open_node(dsn: str) -> Visit:
    folder = built("node", ("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", "."))
    return command(folder, dsn, tool("node"), "shop.cjs")


def open_go(dsn: str) -> Visit:
    return command(built("go", ("go", "build", "-o", "shop", ".")), dsn, "./shop")


def open_rust(dsn: str) -> Visit:
    return command(built("rust", ("cargo", "build", "--target-dir", "target")), dsn, "target/debug/shop")


def open_java(dsn: str) -> Visit:
    tool("java")
    steps = ("mvn", "--quiet", "--batch-mode", "compiler:compile", "dependency:copy-dependencies")
    return command(built("java", steps), dsn, "java", "-cp", "target/classes:target/dependency/*", "shop.Shop")


def build_page() -> Path:
    """The folder with the shop's page."""
    return built(
        "browser",
        ("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", "."),
        ("node_modules/.bin/esbuild", "shop.js", "--bundle", "--outfile=shop.bundle.js", "--log-level=warning"),
    )


def open_browser(dsn: str) -> Visit:
    return partial(click, folder=build_page(), dsn=dsn)


def open_ember_python(dsn: str) -> Visit:
    return command(SOURCES / "ember", dsn, sys.executable, "-B", "shop.py")


def open_ember_node(dsn: str) -> Visit:
    return command(SOURCES / "ember", dsn, tool("node"), "shop.mjs")
