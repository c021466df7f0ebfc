"""Secrets that a text assigns to a name: `password=…`, `"token": "…"`, `--secret …`, `Authorization: …`."""

import re
from collections.abc import Callable, Iterator

from amber_enrichment.scrub.shapes import FILTERED, Span

IsSecret = Callable[[str], str]
"""Gives the rule by which a name is secret, or nothing."""

# A name, what may close it (quotes, a bracket), and a sign that something is assigned. All possessive: linear time.
ASSIGNED = re.compile(
    r"(?<![\w.$-])(?P<name>(?:(?i:api|private|secret|access|encryption|signing|session|master|ssh|security) )?+"
    r"[\w.$-]++)(?P<close>[\\\"'`\])]*+)[ \t]*+(?:=>|:=|[=!]?==?|:(?!//)|%3[DdAa])"
    r"|(?<![\w-])--?(?P<option>[\w.-]++)[ \t]++(?=[^\s-])"
)
OPENING = re.compile(r"(?:[bBuUrRfF]{1,2}(?=[\"'`]))?(?P<escape>\\*)(?P<quote>[\"'`])")
QUOTES = {quote: re.compile(rf"(?<!\\)(\\*+){quote}") for quote in "\"'`"}
PIECES = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[\[{(]|[\]})]", re.DOTALL)
WORD = re.compile(
    r"(?:(?:basic|bearer|digest|token|negotiate|api-?key)[ \t]++)?"
    r"(?:(?!%26)(?:[^\s&,;\"'`<>)\]}\\]|\\++(?![\"'`])|,(?!\s|\Z|[\"']?[\w.-]++[\"']?[ \t]*+[=:])))*+",
    re.IGNORECASE,
)
LINE = re.compile(r"(?:[^\r\n\"'`<>\\]|\\++(?![\"'`rn]))*+")
WHOLE_LINE = re.compile(r"(?:authorization|cookie)\Z", re.IGNORECASE)
NOTHING = re.compile(
    r"(?:none|null|nil|undefined|true|false|yes|no|nan|\*+|\[(?:filtered|redacted|creditcard|iban|usssn|email|ip)\]?.*|\\*[\"']{2})?",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?")
# In source code: a name without digits, or something called, indexed or looked up, is no literal.
EXPRESSION = re.compile(r"[A-Za-z_$][A-Za-z_$.]*+(?![\w$-])|[A-Za-z_$][\w$.]*+(?=[\[(])")
ANNOTATION = re.compile(r"[\w.|\[\], \t]{1,80}?=(?!=)[ \t]*+")


def is_nothing(value: str) -> bool:
    """Whether a value hides nothing: empty, `None`, `true`, already replaced …"""
    return NOTHING.fullmatch(value) is not None


def is_amount(value: str) -> bool:
    """Whether a value is a plain small number."""
    return AMOUNT.fullmatch(value) is not None


def find_assignments(text: str, is_secret: IsSecret, counts: Callable[[str], bool], source: bool) -> Iterator[Span]:
    """The values that a text assigns to secret names; in `source` code only literals, not names and calls."""
    position = 0
    while found := ASSIGNED.search(text, position):
        position = found.end()
        name = found["name"] or found["option"]
        rule = is_secret(name)
        if not rule:
            continue
        start, end = _value(text, _start(text, found, source), name, source)
        value = text[start:end]
        if not is_nothing(value) and not (counts(name) and is_amount(value)):
            yield Span(start, end, FILTERED, rule)
            position = max(position, end)


def _start(text: str, found: re.Match[str], source: bool) -> int:
    """Where the value begins: past blanks, past line ends after a quoted name, past a type in source code."""
    start = found.end()
    if source and (annotation := ANNOTATION.match(text, start)):
        return annotation.end()
    blanks = " \t\r\n" if found["close"] and found["close"][-1] in "\"'`" else " \t"
    while start < len(text) and text[start] in blanks:
        start += 1
    return start


def _value(text: str, start: int, name: str, source: bool) -> tuple[int, int]:
    """From where to where the value reaches."""
    if opening := OPENING.match(text, start):
        return opening.end(), _closing(text, opening)
    if text.startswith(FILTERED, start):
        return start, start
    if text[start : start + 1] in {"{", "[", "("}:
        end = _balanced(text, start)
        return start, end if not source or re.search(r"[\"'`]", text[start:end]) else start
    if source and EXPRESSION.match(text, start):
        return start, start
    pattern = LINE if WHOLE_LINE.search(name) else WORD
    found = pattern.match(text, start)
    return start, found.end() if found else start


def _closing(text: str, opening: re.Match[str]) -> int:
    """Where the quote is closed: by the same quote under as many backslashes, counting the escaped ones out."""
    depth, position = len(opening["escape"]), opening.end()
    while found := QUOTES[opening["quote"]].search(text, position):
        position = found.end()
        if text[position : position + 1] == opening["quote"] and depth == 0:
            position += 1  # doubled, as SQL writes a quote within quotes
            continue
        extra = len(found[1]) - depth
        if extra < 0 or extra % (2 * (depth + 1)) == 0:
            return found.end() - 1 - min(depth, len(found[1]))
    return len(text)


def _balanced(text: str, start: int) -> int:
    """Where the bracket at `start` is closed, brackets inside of quotes left out; the end of the text if it is not."""
    depth = 0
    for found in PIECES.finditer(text, start):
        if found[0] in "[{(":
            depth += 1
        elif found[0] in "]})":
            depth -= 1
        if depth == 0:
            return found.end()
    return len(text)
