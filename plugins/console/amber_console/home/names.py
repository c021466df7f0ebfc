"""Names of people and titles of issues as pages show them."""

import re

UNITS = ((1e9, "b"), (1e6, "m"), (1e3, "k"))
ROUNDS_UP = 0.9995
"""From this part of a unit on a count is said in it: 999,600 is `1m`, not `1000k`."""
TYPE = re.compile(r"(\*?[A-Za-z_$][\w$.<>:\\/-]{0,99}?): (.+)", re.DOTALL)


def initials(name: str) -> str:
    """At most two letters for a person, from a name or an e-mail address."""
    words = re.findall(r"\w+", name.partition("@")[0])
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


def split_title(title: str) -> tuple[str, str]:
    """An issue's title as the type of its error and the rest; the type is empty where there is none."""
    match = TYPE.fullmatch(title)
    return (match[1], match[2]) if match else ("", title)


def short(count: int) -> str:
    """A count below a thousand billions in at most four characters: `1.2k`, `34k`, `1.2m`."""
    if count < 1000:
        return str(count)
    size, unit = next(pair for pair in UNITS if count >= ROUNDS_UP * pair[0])
    digits = 1 if count < 9.95 * size else 0
    return f"{count / size:.{digits}f}".removesuffix(".0") + unit
