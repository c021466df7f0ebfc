"""The exact rules, applied to a tree of plain values; what changes is copied, the rest is shared."""

from collections.abc import Container, Sequence
from typing import Any

import msgspec

from amber_enrichment.scrub import keys
from amber_enrichment.scrub.assignments import is_amount, is_nothing
from amber_enrichment.scrub.notes import Note
from amber_enrichment.scrub.places import COOKIES, HEADERS, PLACES, QUERY, SKIP, SOURCE, TREE, VERSIONS, is_untouchable
from amber_enrichment.scrub.rules import Rules
from amber_enrichment.scrub.shapes import FILTERED, PEM, PEM_END, is_card
from amber_enrichment.scrub.texts import MOST_PASSES, Remark, key_rule, scrub_text

SMALLEST_CARD = 10**11
NOTHING: dict[str, str] = {}
PAIRED = frozenset({HEADERS, COOKIES, QUERY})
INHERITED = frozenset({VERSIONS, SOURCE})
Path = tuple[str, ...]


class Everything:
    """Holds whatever it is asked for: with it as suspects, every key and text is looked at."""

    def __contains__(self, item: object) -> bool:
        return True


class Walk:
    """One walk over one event; `suspects` are the keys and texts worth a look, `notes` what was replaced."""

    def __init__(self, rules: Rules, suspects: Container[object]) -> None:
        self.rules, self.suspects = rules, suspects
        self.notes: list[Note] = []

    def value(self, value: Any, place: str, path: Path) -> Any:
        """The value without secrets; the same object where it holds none."""
        if isinstance(value, str):
            return self.text(value, place, path) if value in self.suspects else value
        if isinstance(value, dict):
            return self._mapping(value, place, path)
        if isinstance(value, list | tuple):
            return self._list(value, place, path)
        if isinstance(value, int) and value > SMALLEST_CARD and self.rules.defaults and is_card(str(value)):
            return self._note("[creditcard]", path, "@creditcard")
        return value

    def text(self, text: str, place: str, path: Path) -> str:
        """A text without secrets, JSON inside of it taken apart."""
        answer, remarks = self._scrubbed(text, place)
        for _ in range(MOST_PASSES):  # JSON whose escapes were resolved may show names it did not show before
            again, more = self._scrubbed(answer, place) if remarks and answer[:1] in {"{", "["} else (answer, ())
            if not more:
                break
            answer, remarks = again, (*(Remark(remark.rule) for remark in remarks), *more)
        self.notes += [Note(path, remark) for remark in remarks]
        return answer

    def _scrubbed(self, text: str, place: str) -> tuple[str, tuple[Remark, ...]]:
        unpacked, remarks = self._unpacked(text) if text[:1] in {"{", "["} else (text, ())
        rules = msgspec.structs.replace(self.rules, ips=False) if place == VERSIONS else self.rules
        answer, more = scrub_text(unpacked, rules, place == SOURCE)
        return answer, (*remarks, *more)

    def _unpacked(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        inner = Walk(self.rules, Everything())
        try:
            tree = msgspec.json.decode(text)
            answer = inner.value(tree, TREE, ())
        except (msgspec.DecodeError, RecursionError):  # no JSON, or too deep: its text is scrubbed all the same
            return text, ()
        if answer is tree:
            return text, ()
        return msgspec.json.encode(answer).decode(), tuple({Remark(note.remark.rule): None for note in inner.notes})

    def _mapping(self, node: dict[str, Any], place: str, path: Path) -> dict[str, Any]:
        fields, suspects, changed = PLACES.get(place, NOTHING), self.suspects, dict[str, Any]()
        name, is_paired, is_odd = self._name_beside(node), place in PAIRED, False
        for key, item in node.items():
            is_odd = is_odd or key in suspects
            if isinstance(item, str) and not (
                item in suspects or key in suspects or is_paired or (name and key == "value")
            ):
                continue  # most of an event
            where = fields.get(key) or (place if place in INHERITED else TREE)
            if where is SKIP:
                continue
            if name and key == "value":
                new = self._under(name, item, where, (*path, key))
            elif is_paired or key in suspects:
                new = self._keyed(key, item, (place, where), path)
            else:
                new = self._entry(key, item, (place, where), path)
            if new is not item:
                changed[key] = new
        answer = {**node, **changed} if changed else node
        return self._renamed(answer, place, path) if is_odd else answer

    def _name_beside(self, node: dict[str, Any]) -> str:
        """The suspicious name that stands beside a value, as in `{"name": "password", "value": …}`."""
        if "value" not in node:
            return ""
        name = node.get("name") or node.get("key")
        return name if isinstance(name, str) and name in self.suspects else ""

    def _entry(self, key: str, item: Any, places: tuple[str, str], path: Path) -> Any:
        if self.rules.excluded and key.lower() in self.rules.excluded:
            return item
        if isinstance(item, str) and is_untouchable(places[0], key, item):
            return item
        return self.value(item, places[1], (*path, key))

    def _keyed(self, key: str, item: Any, places: tuple[str, str], path: Path) -> Any:
        """The value of a key that may name a secret, or the first half of one."""
        place, where = places
        if place == VERSIONS or key.lower() in self.rules.excluded or is_untouchable(place, key, item):
            return self._entry(key, item, places, path)
        if isinstance(item, dict) and self.rules.defaults and keys.may_begin(key):
            item = self._halves(key, item, (*path, key))
        is_pair = where == TREE and place in PAIRED  # `request.cookies` itself is no secret as a whole
        return self._under(key, item, place if is_pair else where, (*path, key))

    def _halves(self, parent: str, node: dict[str, Any], path: Path) -> dict[str, Any]:
        hidden = {
            key: self._hide(item, (*path, key), "@password")
            for key, item in node.items()
            if keys.is_secret_within(parent, key) and key.lower() not in self.rules.excluded
        }
        return {**node, **hidden} if any(hidden[key] is not node[key] for key in hidden) else node

    def _under(self, name: str, item: Any, place: str, path: Path) -> Any:
        """The value that stands under a name: hidden if the name is secret, else scrubbed as any other."""
        rule = self._rule(name, item, place)
        if rule and not (keys.counts_tokens(name) and self._is_amount(item)):
            return self._hide(item, path, rule)
        return self.value(item, TREE if place in {HEADERS, QUERY} else place, path)

    def _rule(self, name: str, item: Any, place: str) -> str:
        rule = key_rule(name, self.rules)
        if rule or not self.rules.defaults or name.lower() in self.rules.excluded:
            return rule
        is_cookie = isinstance(item, str) and keys.is_cookie(name)
        is_session = place in PAIRED and keys.is_session(name)
        return "@password" if is_cookie or is_session else ""

    @staticmethod
    def _is_amount(item: Any) -> bool:
        return isinstance(item, int | float | str) and is_amount(str(item))

    def _hide(self, item: Any, path: Path, rule: str) -> Any:
        if item is None or isinstance(item, bool) or (isinstance(item, str) and is_nothing(item)) or item in ([], {}):
            return item
        return self._note(FILTERED, path, rule)

    def _note(self, answer: str, path: Path, rule: str) -> str:
        self.notes.append(Note(path, Remark(rule)))
        return answer

    def _renamed(self, node: dict[str, Any], place: str, path: Path) -> dict[str, Any]:
        """The same object, keys that hold a secret themselves replaced."""
        suspects = self.suspects
        new = {key: self.text(key, TREE, path) for key in node if key in suspects}
        if all(new[key] == key for key in new):
            return node
        again = Walk(self.rules, Everything())  # what a key is called now may be the name of a secret
        again.notes = self.notes
        return again._mapping({new.get(key, key): item for key, item in node.items()}, place, path)

    def _list(self, items: Sequence[Any], place: str, path: Path) -> Sequence[Any]:
        changed: list[Any] | None = None
        hidden = ""  # the rule that hides the next text: after `--password`, or within a private key
        for index, item in enumerate(items):
            if isinstance(item, str) and not hidden and item not in self.suspects:
                continue
            new = self._element(item, place, (*path, str(index)), hidden)
            hidden = self._hides_next(item, hidden)
            if new is not item:
                changed = list(items) if changed is None else changed
                changed[index] = new
        return items if changed is None else changed

    def _element(self, item: Any, place: str, path: Path, hidden: str) -> Any:
        if hidden and isinstance(item, str) and not (hidden == "@pemkey" and PEM_END.search(item)):
            return self._hide(item, path, hidden)
        if isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str):
            return self._pair(item, place, path)
        return self.value(item, place, path)

    def _hides_next(self, item: Any, hidden: str) -> str:
        if not isinstance(item, str) or (hidden != "@pemkey" and item not in self.suspects):
            return hidden if hidden == "@pemkey" else ""
        if hidden == "@pemkey" or (self.rules.defaults and PEM.search(item)):
            return "" if PEM_END.search(item) else "@pemkey"
        is_option = item.startswith("-") and " " not in item and "=" not in item
        return key_rule(item, self.rules) if is_option else ""

    def _pair(self, pair: Sequence[Any], place: str, path: Path) -> Sequence[Any]:
        name, item = pair
        if name.lower() in self.rules.excluded or is_untouchable(place, name, item):
            return pair
        below = (*path, "1")
        is_named = name in self.suspects or place in PAIRED
        new = self._under(name, item, place, below) if is_named else self.value(item, place, below)
        clean = self.value(name, TREE, (*path, "0"))
        return pair if new is item and clean is name else [clean, new]
