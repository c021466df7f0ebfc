"""One event without its secrets: where could one be, and what do the exact rules say there."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import msgspec

from amber.model import Additions, Body, Event, Json, remembered
from amber_enrichment.scrub.candidates import suspects
from amber_enrichment.scrub.notes import Note, noted
from amber_enrichment.scrub.places import PLACES, SKIP, TREE
from amber_enrichment.scrub.rules import Rules
from amber_enrichment.scrub.shapes import FILTERED
from amber_enrichment.scrub.texts import Remark, key_rule
from amber_enrichment.scrub.walk import Everything, Walk

UNTOUCHED = frozenset(key for key, place in PLACES["event"].items() if place == SKIP) - {"_meta"}
APART = frozenset({"exception", "breadcrumbs", "threads", "stacktrace"})
"""Fields in which nothing depends on what stands beside them."""
ADDRESSES = (("user", "ip_address"), ("request", "env", "REMOTE_ADDR"), ("sdk", "client_ip"))


def scrub_event(event: Event, rules: Rules) -> Event:
    """The event without its secrets; the same object where it holds none."""
    found = _suspects(event, rules)
    return walk_event(event, rules, found) if found is not None or rules.ips else event


def _suspects(event: Event, rules: Rules) -> Container[object] | None:
    """What is worth a look, or None if nothing is."""
    body = event.body.without(UNTOUCHED)
    kept = body.kept
    try:
        encoded = body.merged({name: {} for name in kept}).encoded  # their names stand as they do before an object
        if event.additions:
            encoded += msgspec.json.encode(event.additions)
    except (UnicodeEncodeError, OverflowError):  # lone surrogates, enormous numbers: no fast way, so look everywhere
        return Everything()
    return suspects(encoded, rules).union(*(_suspects_in(field, rules) for field in kept.values())) or None


@remembered
def _suspects_in(field: Json, rules: Rules) -> frozenset[str]:
    return suspects(field, rules)


def walk_event(event: Event, rules: Rules, found: Container[object] | None) -> Event:
    """The event after the exact rules were applied to everything in it that is among the suspects."""
    walk = Walk(rules, frozenset() if found is None else found)
    kept = {name: field for name, field in event.body.kept.items() if name in APART}
    rest = event.body.without(frozenset(kept))
    data = walk.value(dict(_without_addresses(rest, walk) if rules.ips else rest), "event", ())
    meta = _meta(data.get("_meta"), False, walk)
    additions = {name: _addition(name, addition, walk) for name, addition in event.additions.items()}
    for name, field in kept.items():
        kept[name], notes = _field(field, name, rules)
        walk.notes += notes
    if not walk.notes:
        return event
    data = {**data, "_meta": noted(meta, [note for note in walk.notes if note.path[:1] != ("_meta",)])}
    return msgspec.structs.replace(event, data=Body({**data, **kept}) if kept else data, additions=additions)


@remembered
def _field(field: Json, name: str, rules: Rules) -> tuple[Json, Sequence[Note]]:
    """One of the fields that are scrubbed by themselves, and what was replaced in it."""
    walk = Walk(rules, _suspects_in(field, rules))
    clean = walk.value({name: msgspec.json.decode(field)}, "event", ()) if walk.suspects else {}
    return (Json(msgspec.json.encode(clean[name])), walk.notes) if walk.notes else (field, ())


def _without_addresses(data: Mapping[str, Any], walk: Walk) -> Mapping[str, Any]:
    """The event without the fields that are nothing but a person's address."""
    for path in ADDRESSES:
        if walk.rules.excluded.isdisjoint(key.lower() for key in path):
            data = _without(data, path, walk, path)
    return data


def _without(node: Mapping[str, Any], path: tuple[str, ...], walk: Walk, whole: tuple[str, ...]) -> Mapping[str, Any]:
    key, *rest = path
    below = node.get(key)
    if not rest:
        if below in (None, ""):
            return node
        walk.notes.append(Note(whole, Remark("@ip"), "x"))
        return {name: item for name, item in node.items() if name != key}
    return {**node, key: _without(below, tuple(rest), walk, whole)} if isinstance(below, Mapping) else node


def _meta(node: Any, is_secret: bool, walk: Walk) -> Any:
    """`_meta` with the original values it holds (`val`) scrubbed by the keys they came from."""
    if not isinstance(node, dict):
        return node
    answer = {}
    for key, item in node.items():
        if key != "":
            answer[key] = _meta(item, is_secret or bool(key_rule(key, walk.rules)), walk)
        elif isinstance(item, dict) and "val" in item:
            path = ("_meta", key)
            val = FILTERED if is_secret else walk.value(item["val"], TREE, path)
            if val != item["val"]:
                walk.notes.append(Note(path, Remark("@password")))
            answer[key] = {**item, "val": val}
        else:
            answer[key] = item
    return answer


def _addition(name: str, addition: Additions, walk: Walk) -> Additions:
    path = ("additions", name)
    links = walk.value([list(link) for link in addition.links], TREE, (*path, "links"))
    return Additions(
        tags=walk.value(dict(addition.tags), TREE, (*path, "tags")),
        contexts=walk.value(dict(addition.contexts), TREE, (*path, "contexts")),
        links=tuple((label, address) for label, address in links),
    )
