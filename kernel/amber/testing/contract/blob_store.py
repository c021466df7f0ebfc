"""What every blob store promises."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amber.errors import Reject
from amber.model import BlobStore

PARTS = st.text("abzAZ09.-_", min_size=1, max_size=12).filter(lambda part: part not in (".", ".."))
KEYS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
BAD_KEYS = (
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    "..",
    "../a",
    "a/../b",
    "a/..",
    ".",
    "./a",
    "a b",
    "a\\b",
    "a\x00b",
    "ä",
    "a\n",
)
BAD_KEYS_TOO = ("a\n", "a~b", "a=b", "a:b", "x" * 5000, "~", "%2e%2e/a", "a/\u2215b", "CON?")


class BlobStoreContract:
    """Fixture: `blob_store`, an empty store."""

    def test_what_was_put_is_there(self, blob_store: BlobStore) -> None:
        blob_store.put("12/ab/ab34.bin_x-1", b"\x00\xffbytes\r\n")
        assert blob_store.get("12/ab/ab34.bin_x-1") == b"\x00\xffbytes\r\n"

    def test_empty_bytes_are_not_the_same_as_nothing(self, blob_store: BlobStore) -> None:
        blob_store.put("a", b"")
        assert blob_store.get("a") == b""
        assert blob_store.get("b") is None
        assert blob_store.get("a/b") is None

    def test_a_second_put_replaces_the_first(self, blob_store: BlobStore) -> None:
        blob_store.put("a", b"a longer first one")
        blob_store.put("a", b"second")
        assert blob_store.get("a") == b"second"
        assert list(blob_store.keys("")) == ["a"]

    def test_a_deleted_key_is_gone_and_may_be_deleted_again(self, blob_store: BlobStore) -> None:
        blob_store.put("a/b", b"x")
        blob_store.delete("a/b")
        blob_store.delete("a/b")
        blob_store.delete("never/was")
        assert blob_store.get("a/b") is None
        assert list(blob_store.keys("")) == []

    def test_a_key_may_begin_another_key(self, blob_store: BlobStore) -> None:
        for key in ("a/b", "a", "a/b/c"):
            blob_store.put(key, key.encode())
        assert [blob_store.get(key) for key in ("a", "a/b", "a/b/c")] == [b"a", b"a/b", b"a/b/c"]

    def test_keys_are_found_by_any_prefix(self, blob_store: BlobStore) -> None:
        for key in ("1/ab/x", "1/ac/y", "11/ab/z", "2/ab/x"):
            blob_store.put(key, b"")
        assert sorted(blob_store.keys("1/")) == ["1/ab/x", "1/ac/y"]
        assert sorted(blob_store.keys("1")) == ["1/ab/x", "1/ac/y", "11/ab/z"]
        assert sorted(blob_store.keys("1/ab/x")) == ["1/ab/x"]
        assert list(blob_store.keys("3")) == []
        assert len(list(blob_store.keys(""))) == 4

    def test_keys_are_found_by_when_they_were_put(self, blob_store: BlobStore) -> None:
        for key in ("1/a", "1/b", "2/a"):
            blob_store.put(key, b"")
        an_hour = 3600.0  # the store's clock may be another one
        assert sorted(blob_store.keys("1/", time.time() + an_hour)) == ["1/a", "1/b"]
        assert list(blob_store.keys("1/", time.time() - an_hour)) == []

    @pytest.mark.parametrize("key", BAD_KEYS + BAD_KEYS_TOO)
    def test_a_key_that_is_none_is_rejected(self, blob_store: BlobStore, key: str) -> None:
        with pytest.raises(Reject):
            blob_store.put(key, b"x")
        with pytest.raises(Reject):
            blob_store.get(key)
        with pytest.raises(Reject):
            blob_store.delete(key)

    @pytest.mark.parametrize("prefix", ["../", "a/../", "/", "a b", "a\x00", "../../etc/", "/etc/", "//", "a//b"])
    def test_a_prefix_that_no_key_can_have_finds_nothing_outside(self, blob_store: BlobStore, prefix: str) -> None:
        with pytest.raises(Reject):
            list(blob_store.keys(prefix))

    def test_a_reader_never_sees_half_of_a_blob(self, blob_store: BlobStore) -> None:
        blobs = [bytes([number]) * 200_000 for number in range(8)]
        blob_store.put("a", blobs[0])
        with ThreadPoolExecutor(4) as threads:
            writes = [threads.submit(blob_store.put, "a", blob) for blob in blobs]
            reads = [threads.submit(blob_store.get, "a") for _ in range(40)]
        assert {read.result() for read in reads} <= set(blobs)
        assert [write.result() for write in writes] == [None] * 8
        assert list(blob_store.keys("")) == ["a"]

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(blobs=st.dictionaries(KEYS, st.binary(max_size=50), max_size=6))
    def test_any_keys_stand_side_by_side(self, blob_store: BlobStore, blobs: dict[str, bytes]) -> None:
        for key, data in blobs.items():
            blob_store.put(key, data)
        assert {key: blob_store.get(key) for key in blob_store.keys("")} == blobs
        for key in blobs:
            blob_store.delete(key)
