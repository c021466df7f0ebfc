"""Texts with their variable parts replaced, so that repeats of one message are equal."""

import re

MAX_MESSAGE = 1000
"""Only so much of a message counts, in characters; the end of a longer one is left out."""

# Every alternative begins at a place of its own and repeats nothing within a repetition: linear time.
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
_ZONE = r"(?:\ ?(?:Z|UTC|GMT)(?![A-Za-z])|\ ?[+-]\d{2}:?\d{2}(?!\d))?"
_UNIT = r"(?:ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?|h|hours?|days?)"
PARAMETERS = re.compile(
    rf"""
      (?P<kept><[a-z]{{2,8}}>)
    | (?P<email>(?<![\w.+-])[\w.+-]{{1,64}}+@[A-Za-z0-9-]{{1,63}}+(?:\.[A-Za-z0-9-]{{1,63}}+){{1,8}})
    | (?P<url>(?<!\w)(?:https?|wss?|ftp|file|tcp)://[^\s"'<>()]++)
    | (?P<uuid>(?<![\w-])[0-9a-fA-F]{{8}}-(?:[0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}(?![\w-]))
    | (?P<date>(?<![\w.])(?:
          \d{{4}}-\d{{2}}-\d{{2}}(?:[T\ ]{_CLOCK}{_ZONE})?
        | \d{{4}}/\d{{2}}/\d{{2}}(?:\ {_CLOCK})?
        | (?:{_DAY},?\ )?\d{{1,2}}[\ -]{_MONTH}[\ -]\d{{4}}(?:\ {_CLOCK}{_ZONE})?
        | (?:{_DAY},?\ )?{_MONTH}\ \d{{1,2}},?\ (?:{_CLOCK}\ )?\d{{4}}(?:\ {_CLOCK}{_ZONE})?
        | {_CLOCK}(?:\ ?[AaPp][Mm])?(?!:)
      )(?!\w))
    | (?P<ip>(?<![\w.:])(?:
          \d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w.])
        | (?=[0-9a-fA-F:]{{0,39}}\d)(?:[0-9a-fA-F]{{1,4}}:){{7}}[0-9a-fA-F]{{1,4}}(?![\w:])
        | (?=[0-9a-fA-F:]{{0,39}}\d)(?:(?:[0-9a-fA-F]{{1,4}}:){{1,6}}|:)(?::[0-9a-fA-F]{{1,4}}){{1,7}}(?![\w:(])
      ))
    | (?P<hex>(?<![\w-])(?:
          0[xX][0-9a-fA-F]++
        | (?=[0-9a-fA-F]{{0,63}}[0-9])(?=[0-9a-fA-F]{{0,63}}[a-fA-F])[0-9a-fA-F]{{6,}}+
      )(?!\w))
    | (?P<duration>(?<![\w.])\d++(?:\.\d++)?\ ?{_UNIT}(?!\w))
    | (?P<float>(?<![\w.])(?:(?<!\w)-)?\d++\.\d++(?:[eE][+-]?\d++)?(?![\w.]))
    | (?P<int>(?<![\w.-])-?\d++(?!\w)|(?<=[\w.-])(?<![0-9])\d++(?![^\W_]))
    | (?P<string>(?<==)"[^"\n]*+"|(?<==)'[^'\n]*+')
    | (?P<bool>(?<==)(?:true|false|True|False)(?!\w))
    """,
    re.VERBOSE,
)


def normalise_message(text: str) -> str:
    """The text with ids, numbers, dates, addresses … replaced by `<kind>`, its blanks collapsed, its length bounded."""
    collapsed = " ".join(text[: 4 * MAX_MESSAGE].split())[:MAX_MESSAGE]
    return PARAMETERS.sub(_placeholder, collapsed)


def _placeholder(found: re.Match[str]) -> str:
    return found[0] if found.lastgroup == "kept" else f"<{found.lastgroup}>"


def first_lines(text: str) -> str:
    """The first two lines that say anything, normalised; the rest of a long message is detail."""
    lines = [line for line in text[: 8 * MAX_MESSAGE].splitlines() if line.strip()]
    cut = " ..." if len(lines) > 2 else ""
    return normalise_message(" ".join(lines[:2])) + cut
