"""What one project wants scrubbed."""

from collections.abc import Mapping

from msgspec import Struct


class Rules(Struct, frozen=True):
    """A project's wishes; `words` are more secret key words, `excluded` are keys to leave alone, in lower case."""

    defaults: bool = True
    emails: bool = False
    ips: bool = False
    words: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()


def rules_of(settings: Mapping[str, object]) -> Rules:
    """The rules in a project's settings; what cannot be understood is read as the stricter wish."""
    defaults, defaults_known = _flag(settings.get("scrub_defaults"), missing=True, unclear=True)
    emails, emails_known = _flag(settings.get("scrub_emails"), missing=False, unclear=True)
    ips, ips_known = _flag(settings.get("scrub_ip_addresses"), missing=False, unclear=True)
    words, words_known = _words(settings.get("sensitive_fields"))
    excluded, excluded_known = _words(settings.get("exclude_fields"))
    is_sound = defaults_known and emails_known and ips_known and words_known and excluded_known
    return Rules(
        defaults=defaults or not is_sound,
        emails=emails,
        ips=ips,
        words=words,
        excluded=frozenset(word.lower() for word in excluded) if is_sound else frozenset(),
    )


def _flag(value: object, *, missing: bool, unclear: bool) -> tuple[bool, bool]:
    """The wish, and whether it was understood."""
    if value is None:
        return missing, True
    return (value, True) if isinstance(value, bool) else (unclear, False)


def _words(value: object) -> tuple[tuple[str, ...], bool]:
    """The words, and whether all of them were understood; a lone text counts as one word."""
    if value is None:
        return (), True
    listed = value if isinstance(value, list | tuple) else [value]
    words = tuple(word.strip() for word in listed if isinstance(word, str) and word.strip())
    return words, isinstance(value, list | tuple) and len(words) == len(listed)
