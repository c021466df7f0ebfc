"""What a plugin may do, in words."""

from amber.model import rights_words


def test_rights_are_said_in_words() -> None:
    rights = {"hosts": ["a.test", "b.test"], "tables": ["x_*"], "roles": ["event_store"], "facts": ["issue.created"]}
    assert rights_words(rights) == [
        "sends requests to a.test and b.test",
        "hears of issue.created",
        "keeps tables of its own: x_*",
        "uses the event store",
    ]
    assert rights_words({"hosts": ["*"]}) == ["sends requests to any address"]
    assert rights_words({}) == []
