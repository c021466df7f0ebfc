"""Every decoder answers or refuses as it is documented, the same each time, within time and memory."""

import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .corpus import corpus_of, seeds_of
from .decoders import Decoder, Run, all_decoders
from .decoders.wire import LIMIT
from .mutation import TOKENS, mutated

pytestmark = pytest.mark.timeout(60)  # the bound of what takes too long: nothing here takes seconds
BRIEF = settings() if settings.get_current_profile_name() == "long" else settings.get_profile("fuzz")
PIECES = (*b'{ [ " \\ = ; , : % - . / @ a 9 \xff &a= {"a":'.split(), b" ", b"\n")
ANYTHING = st.binary(max_size=200) | st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=20).map(
    b"".join
)
ZEROS = 300 << 20
BOMBS = {
    "gzip": lambda: gzip.compress(bytes(ZEROS)),
    "deflate": lambda: zlib.compress(bytes(ZEROS)),
    "br": lambda: brotli.compress(bytes(ZEROS), quality=1),
    "zstd": lambda: zstandard.compress(bytes(ZEROS)),
}


def check(decoder: Decoder, run: Run, data: bytes) -> None:
    """Called twice: neither raises what is not documented, and both answer the same."""
    first = decoder.answer(run, data)
    if not decoder.changes:
        assert repr(decoder.answer(run, data)) == repr(first)


def test_what_was_found_once_is_read_again(decoder: Decoder) -> None:
    with decoder.open() as run:
        for name, data in corpus_of(decoder).items():
            try:
                check(decoder, run, data)
            except BaseException as error:
                error.add_note(f"tests/corpus/{decoder.name}/{name}")
                raise


def test_whatever_comes_is_answered_or_refused(decoder: Decoder) -> None:
    with decoder.open() as run:

        @settings(BRIEF, max_examples=max(10, BRIEF.max_examples // 3), phases=[Phase.generate, Phase.shrink])
        @given(ANYTHING)
        def fuzz(data: bytes) -> None:
            check(decoder, run, data)

        fuzz()


def test_what_is_nearly_right_is_answered_or_refused(decoder: Decoder) -> None:
    with decoder.open() as run:

        @settings(BRIEF, suppress_health_check=list(HealthCheck))
        @given(mutated(seeds_of(decoder)))
        def fuzz(data: bytes) -> None:
            check(decoder, run, data)

        fuzz()


def test_a_megabyte_of_anything_is_soon_answered(decoder: Decoder) -> None:
    """What takes time with the square of its input would take hours, which the time limit of a test ends."""
    seed = min(seeds_of(decoder), key=len)
    middle = len(seed) // 2
    with decoder.open() as run:
        for piece in PIECES:
            many = piece * (decoder.longest // len(piece))
            decoder.answer(run, many)
            decoder.answer(run, seed[:middle] + many + seed[middle:])


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_small_body_never_becomes_much_memory(name: str) -> None:
    decoder, bomb = all_decoders()[f"inflate_{name}"], BOMBS[name]()
    with decoder.open() as run:
        tracemalloc.start()
        try:
            answer = decoder.answer(run, bomb)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "too large" in str(answer)
    assert peak < 40 * LIMIT
