"""Secrets known by their shape: numbers with a checksum, tokens with a prefix, keys in PEM."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

FILTERED = "[Filtered]"


class Span(Struct, frozen=True):
    """A part of a text to be replaced; offsets in characters."""

    start: int
    end: int
    replacement: str
    rule: str


# Every pattern is free of nested repetition, or possessive, so that none takes more than linear time.
CARD = re.compile(r"(?<![\w.-])[2-6][0-9]{3}(?:[ -]?[0-9]){8,15}(?![\w]|\.[0-9])", re.ASCII)
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])", re.ASCII)
URL_AUTH = re.compile(r"(?<=://)([^/?#\s\"'<>@:]*+):([^/?#\s\"'<>]*)@")
PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
PEM_END = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY-----")
BEARER = re.compile(r"(?<![A-Za-z])bearer[ \t]++([^\s\"'`,;<>\\]++)", re.ASCII | re.IGNORECASE)
NOT_BEARERS = re.compile(r"tokens?|auth|authentication|authorization|realm=.*|\[Filtered\].*", re.IGNORECASE)
BASIC = re.compile(r"(?<![A-Za-z])basic[ \t]++([A-Za-z0-9+/_-]{4,}+={0,2})", re.ASCII | re.IGNORECASE)
TOKEN = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?"  # JWT
    r"|A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{30,}+|glpat-[A-Za-z0-9_-]{16,}+"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}+|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|sntry[su]_[A-Za-z0-9_+/=-]{20,}+"
    r"|AIza[A-Za-z0-9_-]{35}|sk-(?:[a-z0-9]{2,8}-){0,2}[A-Za-z0-9_]{20,}+|npm_[A-Za-z0-9]{30,}+|pypi-[A-Za-z0-9_-]{30,}+)"
)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++")
IPV4 = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?!\w|\.[0-9])", re.ASCII)
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:.]{3,45}+(?![\w:(])", re.ASCII)

CARD_LENGTHS = (  # (prefix from, to, length from, to) of the schemes in use
    ("4", "4", 13, 19),
    ("51", "55", 16, 16),
    ("2221", "2720", 16, 16),
    ("34", "34", 15, 15),
    ("37", "37", 15, 15),
    ("6011", "6011", 16, 19),
    ("644", "649", 16, 19),
    ("65", "65", 16, 19),
    ("300", "305", 14, 19),
    ("36", "36", 14, 19),
    ("38", "39", 14, 19),
    ("3528", "3589", 16, 19),
    ("62", "62", 16, 19),
    ("50", "50", 12, 19),
    ("56", "58", 12, 19),
    ("63", "63", 12, 19),
    ("67", "67", 12, 19),
)


def is_card(digits: str) -> bool:
    """Whether digits could be a card number: an issuer's prefix and length, and the right check digit."""
    return any(
        low <= digits[: len(low)] <= high and shortest <= len(digits) <= longest
        for low, high, shortest, longest in CARD_LENGTHS
    ) and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    total = sum(int(digit) for digit in digits[-1::-2])
    return (total + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether letters and digits are an IBAN whose checksum agrees."""
    turned = text[4:] + text[:4]
    return 15 <= len(text) <= 34 and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def is_login(encoded: str) -> bool:
    """Whether base64 text holds `user:password`."""
    try:
        return b":" in base64.b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4), altchars=b"-_")
    except binascii.Error:
        return False


def find_cards(text: str) -> Iterator[Span]:
    """Card numbers, also in groups parted by single spaces or hyphens."""
    for found in CARD.finditer(text):
        if is_card(found[0].replace(" ", "").replace("-", "")):
            yield Span(found.start(), found.end(), "[creditcard]", "@creditcard")


def find_ibans(text: str) -> Iterator[Span]:
    """IBANs; words that follow one after a space are tried and left out again."""
    for found in IBAN.finditer(text):
        end = found.end()
        while end > found.start() and not is_iban(text[found.start() : end].replace(" ", "")):
            end = text.rfind(" ", found.start(), end)
        if end > found.start():
            yield Span(found.start(), end, "[iban]", "@iban")


def find_pems(text: str) -> Iterator[Span]:
    """The bodies of private keys, to the end of the text where the last line is missing."""
    position = 0
    while begin := PEM.search(text, position):
        end = PEM_END.search(text, begin.end())
        position = end.start() if end else len(text)
        if text[begin.end() : position].strip() not in {"", FILTERED}:
            yield Span(begin.end(), position, f"\n{FILTERED}\n" if end else f"\n{FILTERED}", "@pemkey")


def find_logins(text: str) -> Iterator[Span]:
    """Passwords in addresses, and what follows `Bearer` and `Basic`."""
    for found in URL_AUTH.finditer(text):
        yield from _part(found, 2, "@urlauth")
    for found in BEARER.finditer(text):
        if not NOT_BEARERS.fullmatch(found[1]):
            yield from _part(found, 1, "@bearer")
    for found in BASIC.finditer(text):
        if is_login(found[1]):
            yield from _part(found, 1, "@bearer")


def _part(found: re.Match[str], group: int, rule: str) -> Iterator[Span]:
    if found[group] and found[group] != FILTERED:
        yield Span(found.start(group), found.end(group), FILTERED, rule)


def find_tokens(text: str) -> Iterator[Span]:
    """Tokens and social security numbers whose form gives them away."""
    for found in TOKEN.finditer(text):
        yield Span(found.start(), found.end(), FILTERED, "@token")
    for found in SSN.finditer(text):
        yield Span(found.start(), found.end(), "[usssn]", "@usssn")


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses."""
    for found in EMAIL.finditer(text):
        yield Span(found.start(), found.end(), "[email]", "@email")


def find_ips(text: str) -> Iterator[Span]:
    """IP addresses; `120.0.0.0` and its like are versions of browsers, not addresses of people."""
    for pattern, is_meant in ((IPV4, lambda ip: not ip.endswith(".0.0")), (IPV6, _has_digit)):
        for found in pattern.finditer(text):
            address = found[0].rstrip(".:") if pattern is IPV6 and not found[0].endswith("::") else found[0]
            if is_meant(address) and _is_ip(address):
                yield Span(found.start(), found.start() + len(address), "[ip]", "@ip")


def _has_digit(address: str) -> bool:
    return any(sign.isdigit() for sign in address)  # `a::b` is a name in C++


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


DEFAULTS: tuple[Callable[[str], Iterator[Span]], ...] = (find_pems, find_logins, find_tokens, find_cards, find_ibans)
