"""Whether a piece of HTML can stand in a page without spoiling what is around it."""

from html.parser import HTMLParser

from amber.model import Fragment

VOID = frozenset(["area", "br", "col", "embed", "hr", "img", "input", "link", "source", "track", "wbr"])
CLOSE_BY_THEMSELVES = frozenset(
    ["li", "p", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup"]
)
NOT_HERE = frozenset(["html", "head", "body", "base", "meta", "frameset", "iframe", "object", "plaintext", "template"])
"""What makes a page of its own, or changes the one it stands in."""


class Checker(HTMLParser):
    """Walks through a piece of HTML; `fault` is the first thing that is wrong with it."""

    def __init__(self) -> None:
        super().__init__()
        self.fault = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Note that an element begins."""
        if tag in NOT_HERE:
            self._blame(f"it holds <{tag}>")
        elif tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """An element that closes itself is only one in drawings; elsewhere browsers leave it open."""
        if "svg" not in self._open:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Note that an element ends; those within that need no end of their own end with it."""
        while self._open and self._open[-1] != tag and self._open[-1] in CLOSE_BY_THEMSELVES:
            self._open.pop()
        if not self._open or self._open.pop() != tag:
            self._blame(f"it closes <{tag}> where none is open")

    def close(self) -> None:
        """The end: nothing may be left open."""
        super().close()
        left = [tag for tag in self._open if tag not in CLOSE_BY_THEMSELVES]
        if left:
            self._blame(f"it never closes <{left[-1]}>")

    def _blame(self, fault: str) -> None:
        self.fault = self.fault or fault


def fault_of(fragment: Fragment) -> str:
    """What keeps a piece from being drawn, such as `it never closes <div>`; empty for a good one."""
    checker = Checker()
    checker.feed(fragment.html)
    checker.close()
    return checker.fault
