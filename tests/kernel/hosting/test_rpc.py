"""What is said between Amber and a plugin that runs elsewhere arrives as it was meant, and rubbish is called so."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.config import Secret
from amber.errors import Denied, Reject, Retry, Unavailable
from amber.hosting.rpc import (
    ANSWERS,
    LONGEST_DETAIL,
    Deliver,
    PluginFailed,
    Reply,
    Trouble,
    answer_of,
    encode,
    error_of,
    trouble_of,
)
from amber.model import Additions, Receipt
from amber.testing.events import make_event
from amber.testing.targets import news

WORDS = st.text(max_size=2 * LONGEST_DETAIL)
RAISED = st.one_of(
    st.builds(Retry, st.none() | st.floats(0, 1e9), WORDS),
    WORDS.map(Reject),
    WORDS.map(Unavailable),
    WORDS.map(Denied),
    WORDS.map(ValueError),
)


@given(RAISED)
def test_what_a_plugin_raises_arrives_as_what_it_was(raised: Exception) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        answer_of("on_fact", encode(Reply(error=trouble_of(raised))))
    arrived = caught.value
    if isinstance(raised, ValueError):
        assert isinstance(arrived, PluginFailed)
        assert str(arrived) == f"ValueError: {raised}"[:LONGEST_DETAIL]
        return
    assert type(arrived) is type(raised)
    assert str(arrived) == str(raised)[:LONGEST_DETAIL]
    assert getattr(arrived, "after", None) == getattr(raised, "after", None)


@given(st.builds(Trouble, st.sampled_from(["retry", "reject", "unavailable", "denied", "failed"]), WORDS))
def test_trouble_of_a_stranger_is_never_longer_than_what_is_kept(trouble: Trouble) -> None:
    error = error_of(msgspec.json.decode(encode(trouble), type=Trouble))
    assert len(str(error)) <= max(LONGEST_DETAIL, len("asked to be tried again"))


@pytest.mark.parametrize(("after", "seconds"), [("7", 7.0), ("soon", None), (None, None), ([], None), (2, 2.0)])
def test_a_receivers_retry_after_may_be_anything(after: object, seconds: float | None) -> None:
    assert trouble_of(Retry(after, "later")).after == seconds  # type: ignore[arg-type]  # as plugins hand it on


def test_answers_arrive_as_what_their_hooks_promise() -> None:
    additions = (Additions(tags={"day": "monday"}), None)
    assert answer_of("enrich_events", encode(Reply(msgspec.Raw(encode(additions))))) == additions
    assert answer_of("deliver", encode(Reply(msgspec.Raw(encode(Receipt("taken")))))) == Receipt("taken")
    assert answer_of("on_fact", b"{}") is None


@pytest.mark.parametrize("hook", ANSWERS)
@pytest.mark.parametrize(
    "rubbish",
    [b"", b"\xff\xfe", b"[]", b'{"answer": [5]}', b'{"error": {"kind": "sabotage"}}', b'{"answer": ' + b"[" * 10_000],
)
def test_rubbish_is_a_value_error_and_no_answer(hook: str, rubbish: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        answer_of(hook, rubbish)


@given(st.binary(max_size=200), st.sampled_from(sorted(ANSWERS)))
def test_whatever_comes_is_an_answer_an_error_or_called_rubbish(data: bytes, hook: str) -> None:
    try:
        answer_of(hook, data)
    except (ValueError, PluginFailed, Retry, Reject, Unavailable, Denied):
        return


def test_bodies_and_secrets_travel_readable_and_other_things_do_not() -> None:
    asked = encode(Deliver(news(), {"token": Secret("s3cret")}, 100))
    assert msgspec.json.decode(asked)["target"] == {"token": "s3cret"}
    event = msgspec.json.decode(encode(make_event(1, message="hello")))
    assert event["data"]["message"] == "hello"
    with pytest.raises(TypeError, match="object has no JSON"):
        encode(object())
