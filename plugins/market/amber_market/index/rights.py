"""Whether what a plugin asks for is what was shown to whoever agreed to it."""

from collections.abc import Mapping, Sequence

from amber.model import rights_words

Rights = Mapping[str, Sequence[str]]


def beyond(asked: Rights, shown: Rights) -> list[str]:
    """The rights that are asked for and were not shown, a sentence each; a kind nobody has words for by its name."""
    more = {kind: tuple(one for one in words if one not in shown.get(kind, ())) for kind, words in asked.items()}
    return in_words({kind: words for kind, words in more.items() if words})


def in_words(rights: Rights) -> list[str]:
    """What these rights allow, a sentence each; those of a later Amber, which has the words, as they are written."""
    return [
        sentence
        for kind, words in rights.items()
        if words
        for sentence in rights_words({kind: words}) or [f"{kind}: {', '.join(words)}"]
    ]
