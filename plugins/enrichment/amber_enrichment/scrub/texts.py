"""The secrets in one text, and the text without them."""

import re
from functools import lru_cache

import msgspec
from msgspec import Struct

from amber_enrichment.scrub import keys, shapes
from amber_enrichment.scrub.assignments import find_assignments
from amber_enrichment.scrub.rules import Rules
from amber_enrichment.scrub.shapes import Span

# Each begins where no backslash stands before, or a long row of them would be gone through from each of its places.
PLAIN_ESCAPE = re.compile(r"(?<!\\)\\++(?:u00|x)(?!22|27|5[cC]|60)([2-7][0-9a-fA-F])")
ESCAPE = re.compile(r"(?<!\\)\\++(?:u00|x)([2-7][0-9a-fA-F])")

MOST_PASSES = 4


class Remark(Struct, frozen=True):
    """One replacement: by which rule, and where in the new text (None: all of it)."""

    rule: str
    start: int | None = None
    end: int | None = None


Scrubbed = tuple[str, tuple[Remark, ...]]


def key_rule(key: str, rules: Rules) -> str:
    """The rule that makes a key's value secret, or nothing."""
    if key.lower() in rules.excluded:
        return ""
    if rules.words and has_extra_word(key, rules.words):
        return "@sensitive"
    return "@password" if rules.defaults and keys.is_secret(key) else ""


def names_secret(name: str, rules: Rules) -> bool:
    """Whether any rule, in any place, could hide what is kept under a name."""
    return bool(key_rule(name, rules)) or (rules.defaults and (keys.is_cookie(name) or keys.is_session(name)))


def has_extra_word(key: str, words: tuple[str, ...]) -> bool:
    """Whether a key holds one of a project's own words: by its letters, or as it stands where it has others."""
    letters, literals = _extra_words(words)
    form = keys.canonical(key)
    return any(pattern.search(form) for pattern in letters) or any(word in key for word in literals)


@lru_cache(maxsize=256)
def _extra_words(words: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], ...], tuple[str, ...]]:
    flags = re.ASCII | re.IGNORECASE
    split = [(word, word_parts(word)) for word in words]
    patterns = (re.compile(rf"(?<![a-z]){'_?'.join(parts)}s?(?![a-z])", flags) for _, parts in split if parts)
    return tuple(patterns), tuple(word for word, parts in split if not parts)


def word_parts(word: str) -> list[str]:
    """The letter runs of a key word, or nothing where it holds anything but ASCII letters and what joins words."""
    form = keys.canonical(word)
    return [part for part in form.split("_") if part] if re.fullmatch(r"[A-Za-z_]*[A-Za-z][A-Za-z_]*", form) else []


def scrub_text(text: str, rules: Rules, source: bool = False) -> Scrubbed:
    """The text without its secrets, with a remark for each; the same object where it holds none.

    A text with escapes (`\\u0070assword`) is looked at as it is, then unescaped but for its quotes, then unescaped;
    it stays unescaped only where that brings a secret to light.
    """
    answer, remarks = _scrub_settled(text, rules, source)
    if "\\" in answer:
        for escape in (PLAIN_ESCAPE, ESCAPE):
            if escape.search(answer):
                plain = escape.sub(lambda found: chr(int(found[1], 16)), answer)
                answer, more = _scrub_once(answer, plain, rules, source)
                remarks = (*(Remark(remark.rule) for remark in remarks), *more) if more else remarks
    return answer, remarks


def _scrub_settled(text: str, rules: Rules, source: bool) -> Scrubbed:
    """Scrub until nothing more is found: one secret may have stood in another's end, which is then open."""
    answer, remarks = _scrub_once(text, text, rules, source)
    for _ in range(MOST_PASSES):
        again, more = _scrub_once(answer, answer, rules, source) if remarks else (answer, ())
        if not more:
            break
        answer, remarks = again, (*(Remark(remark.rule) for remark in remarks), *more)
    return answer, remarks


def _scrub_once(text: str, plain: str, rules: Rules, source: bool) -> Scrubbed:
    spans = _merged(_spans(plain, rules, source))
    return _replaced(plain, spans) if spans else (text, ())


def _spans(text: str, rules: Rules, source: bool) -> list[Span]:
    found: list[Span] = []
    if rules.defaults or rules.words:
        found.extend(find_assignments(text, lambda key: _assigned_rule(key, rules), keys.counts_tokens, source))
    if rules.defaults:
        for find in shapes.DEFAULTS:
            found.extend(find(text))
    if rules.emails:
        found.extend(shapes.find_emails(text))
    if rules.ips:
        found.extend(shapes.find_ips(text))
    return found


def _assigned_rule(key: str, rules: Rules) -> str:
    rule = key_rule(key, rules)
    if not rule and rules.defaults and keys.is_cookie(key) and key.lower() not in rules.excluded:
        return "@password"
    return rule


def _merged(spans: list[Span]) -> list[Span]:
    """Spans in order, overlapping ones as one that covers them all, under the first one's name."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = msgspec.structs.replace(merged[-1], end=span.end)
        else:
            merged.append(span)
    return merged


def _replaced(text: str, spans: list[Span]) -> Scrubbed:
    pieces, remarks, length, position = [], [], 0, 0
    for span in spans:
        pieces += [text[position : span.start], span.replacement]
        length += span.start - position
        remarks.append(Remark(span.rule, length, length + len(span.replacement)))
        length += len(span.replacement)
        position = span.end
    return "".join([*pieces, text[position:]]), tuple(remarks)
