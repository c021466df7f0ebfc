"""Where in an event's JSON a secret could be: one pass in linear time over its bytes.

The pattern finds more than the exact rules do, never less: whatever a rule would change holds at least one match in the
encoded form. That is why no match spans a quote, and why what JSON escapes is not part of what is looked for.
"""

from functools import lru_cache

import msgspec

from amber_enrichment.scrub import keys
from amber_enrichment.scrub.pattern import Pattern
from amber_enrichment.scrub.rules import Rules
from amber_enrichment.scrub.shapes import PEM
from amber_enrichment.scrub.texts import names_secret, scrub_text, word_parts

EDGE = rb"(?:\b|\\[bfnrt]|\\u[0-9a-fA-F]{4})"  # a word may begin right after an escaped line end
SHAPES = (
    rb"(?i:bearer|basic)[ \t\\]",
    rb"PRIVATE KEY-----",
    rb':\\*/\\*/[^/?#\s"<>]*@',
    rb"eyJ[A-Za-z0-9_-]{8}|A(?:KIA|SIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{30}|github_pat_|glpat-|xox[abeprs]-",
    rb"[sr]k_(?:live|test)_|sntry[su]_|AIza[A-Za-z0-9_-]{35}|\bsk-|\\[bfnrt]sk-|npm_[A-Za-z0-9]{30}|pypi-",
    EDGE + rb"[2-6][0-9]{3}(?:[ -]?[0-9]){8}",
    EDGE + rb"[A-Z]{2}[0-9]{2} ?[A-Z0-9] ?[A-Z0-9] ?[A-Z0-9] ?[A-Z0-9]",
    EDGE + rb"[0-9]{3}-[0-9]{2}-[0-9]{4}",
)
LONGEST_KNOWN = 100
"""Characters of a text that is worth remembering; longer ones are seldom the same twice."""
ESCAPES = rb"\\\\(?:u00|x)[2-7]"
EMAILS = rb"@[A-Za-z0-9]"
IPS = rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f.]*:"


@lru_cache(maxsize=256)
def pattern_of(rules: Rules) -> Pattern:
    """What finds every place where these rules could change something."""
    parts = [ESCAPES]
    if rules.defaults:
        parts += [_key_names(), *SHAPES]
    parts += [_word(word) for word in rules.words]
    parts += [EMAILS] * rules.emails + [IPS] * rules.ips
    return Pattern(b"|".join(parts))


def _key_names() -> bytes:
    """Names as the key rules know them; the sign after a name is no small letter, as in `tokenValue` or `token=`."""
    gap = keys.GAP_BYTES
    pairs = b"|".join(
        b"(?:%b)%b%b" % (b"|".join(first.encode() for first in firsts.split()), gap, second.encode())
        for second, firsts in keys.PAIRED.items()
    )
    whole = b"|".join(word.encode() for word in keys.WORDS.split() if "[" not in word)
    endings = "|".join((*keys.ENDINGS.split(), "cookie")).encode()
    last = b"|".join(word.encode() for word in keys.LAST)
    sessions = rb"(?i:sess|session|sid|cfid|sig)%b(?i:id)?%b\"|(?i:aspxauth|aspsessionid|cftoken|remember)" % (gap, gap)
    return b"|".join(
        (
            b"(?i:%b|%b|%b)(?i:s?)[^a-z]" % (endings, pairs, whole),
            rb"(?i:csrf|xsrf|password|passwd)",
            rb"(?i:%b)[-_. :/\[\]0-9$\\'`)t]*[\"=:!%%]" % last,
            rb"-[^ \"\\]*(?i:%b)[-_.$0-9]*(?: |\\t)" % last,
            sessions,
            rb'(?i:%b)%b"[ \\nrt]*:[ \\nrt]*\{' % ("|".join(keys.PARENTS.split()).encode(), gap),
        )
    )


def _word(word: str) -> bytes:
    """A project's own key word, as it stands in JSON."""
    if parts := word_parts(word):
        return b"(?i:%b)" % keys.GAP_BYTES.join(part.encode() for part in parts)
    return b"".join(b"\\x%02x" % byte for byte in msgspec.json.encode(word)[1:-1])


def suspects(encoded: bytes, rules: Rules) -> frozenset[str]:
    """Those keys and texts of an encoded event that the exact rules may change, unescaped."""
    pattern, found, position = pattern_of(rules), set[str](), 0
    while (hit := pattern.find(encoded, position)) >= 0:
        start, end = _opening(encoded, hit), _closing(encoded, hit)
        text = msgspec.json.decode(b'"%b"' % encoded[start + 1 : end], type=str)
        if (_known if len(text) <= LONGEST_KNOWN else _is_suspect)(text, *_around(encoded, start, end), rules):
            found.add(text)
        position = end + 1
    return frozenset(found)


def _opening(encoded: bytes, position: int) -> int:
    """The quote before a position that no backslash escapes; -1 where there is none."""
    start = encoded.rfind(b'"', 0, position)
    while start > 0 and _is_escaped(encoded, start):
        start = encoded.rfind(b'"', 0, start)
    return start


def _closing(encoded: bytes, position: int) -> int:
    end = encoded.find(b'"', position)
    while end > 0 and _is_escaped(encoded, end):
        end = encoded.find(b'"', end + 1)
    return end if end >= 0 else len(encoded)


def _is_escaped(encoded: bytes, quote: int) -> bool:
    first = quote
    while first and encoded[first - 1] == 0x5C:
        first -= 1
    return (quote - first) % 2 == 1


def _around(encoded: bytes, start: int, end: int) -> tuple[bool, bool]:
    """Whether a text stands where a name stands, and whether an object follows it."""
    before, after = encoded[max(0, start - 8) : start], encoded[end + 1 : end + 3]
    return after.startswith(b":") or before.endswith((b"[", b'"key":', b'"name":')), after == b":{"


def _is_suspect(text: str, is_name: bool, has_object: bool, rules: Rules) -> bool:
    """Whether a name could hide what stands beside it, or the text itself must change."""
    if text[:1] in {"{", "["}:  # perhaps JSON, of which only the walk knows the keys
        return True
    is_name = is_name or text.startswith("-")
    if is_name and (names_secret(text, rules) or (has_object and keys.may_begin(text))):
        return True
    if text.isalpha():  # letters alone hide nothing: nothing has a place
        return False
    # The key that begins in this text may go on in the next one.
    return PEM.search(text) is not None or scrub_text(text, rules)[0] is not text


@lru_cache(maxsize=4096)
def _known(text: str, is_name: bool, has_object: bool, rules: Rules) -> bool:
    """`_is_suspect`, remembered: the same names and short texts stand in event after event."""
    return _is_suspect(text, is_name, has_object, rules)
