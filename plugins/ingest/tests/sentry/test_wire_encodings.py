import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from amber.errors import Reject
from amber_ingest.wire.encodings import PIECE, encoding_name, inflate, inflate_head

MIB = 1024 * 1024
ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "": bytes,
}


@given(st.sampled_from(sorted(ENCODERS)), st.binary(max_size=3000), st.integers(1, 2000))
def test_what_was_encoded_comes_back(encoding, data, times):
    plain = data * times if len(data) * times < 4 * MIB else data
    assert inflate(ENCODERS[encoding](plain), encoding, 4 * MIB) == plain


@given(st.sampled_from(sorted(ENCODERS)), st.binary(max_size=300))
def test_any_bytes_are_inflated_or_refused(encoding, data):
    def status() -> int:
        try:
            return 200 if isinstance(inflate(data, encoding, MIB), bytes) else 500
        except Reject as refused:
            return refused.status

    assert status() in (200, 400)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("size", [100, 3 * MIB])
def test_a_body_cut_short_is_refused_and_named(encoding, size):
    whole = ENCODERS[encoding](bytes(range(256)) * (size // 256 + 1))
    for end in (0, 1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(Reject, match=encoding) as refused:
            inflate(whole[:end], encoding, 8 * MIB)
        assert refused.value.status == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_garbage_is_refused_and_named(encoding):
    with pytest.raises(Reject, match=encoding) as refused:
        inflate(b'{"this": "is no compressed body, it is plain JSON"}', encoding, MIB)
    assert refused.value.status == 400


def test_a_wrong_checksum_is_refused():
    body = bytearray(gzip.compress(b"x" * 1000))
    body[-6] ^= 0xFF
    with pytest.raises(Reject, match="gzip"):
        inflate(bytes(body), "gzip", MIB)


def test_members_of_gzip_and_frames_of_zstd_follow_one_another():
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 100) == b"one two"
    zstd = ENCODERS["zstd"]
    assert inflate(zstd(b"one ") + zstd(b"two"), "zstd", 100) == b"one two"


def test_a_member_joined_by_full_flushes_is_one_body():
    parts = [b'{"event_id":"a"', b',"rest":1}' * 50]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(parts[0]) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    second = packer.compress(parts[1]) + packer.flush()
    whole = b"".join(parts)
    trailer = zlib.crc32(whole).to_bytes(4, "little") + len(whole).to_bytes(4, "little")
    body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + first + second + trailer
    assert inflate(body, "gzip", MIB) == whole


def test_deflate_may_come_without_the_header_of_zlib():
    packer = zlib.compressobj(wbits=-15)
    assert inflate(packer.compress(b"bare" * 9) + packer.flush(), "deflate", MIB) == b"bare" * 9


@pytest.mark.parametrize("more", [0, 1, 2, 7, 100, 257])
def test_nothing_is_lost_where_one_step_of_inflating_ends(more):
    plain = bytes(PIECE + more)
    packer = zlib.compressobj(wbits=-15)
    assert inflate(packer.compress(plain) + packer.flush(), "deflate", 2 * PIECE) == plain
    for encoding in ("gzip", "deflate", "br", "zstd"):
        assert inflate(ENCODERS[encoding](plain), encoding, PIECE + more) == plain


def gzip_bomb() -> bytes:
    """Ten gigabytes of zeros in ten megabytes: one block of a mebibyte, ten thousand times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + block * 10_240


def brotli_bomb() -> bytes:
    packer = brotli.Compressor(quality=1)
    return b"".join(packer.process(b"\0" * MIB) for _ in range(200)) + packer.finish()


def zstd_bomb() -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join(packer.compress(b"\0" * MIB) for _ in range(400)) + packer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_bomb_is_refused_with_little_memory(encoding):
    bomb = {"gzip": gzip_bomb, "br": brotli_bomb, "zstd": zstd_bomb}[encoding]()
    tracemalloc.start()
    try:
        with pytest.raises(Reject, match="too large") as refused:
            inflate(bomb, encoding, 10 * MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413
    assert peak < 64 * MIB


@pytest.mark.parametrize("encoding", sorted(ENCODERS))
def test_a_body_may_have_as_many_bytes_as_the_limit_and_not_one_more(encoding):
    assert inflate(ENCODERS[encoding](b"x" * 10), encoding, 10) == b"x" * 10
    with pytest.raises(Reject) as refused:
        inflate(ENCODERS[encoding](b"x" * 11), encoding, 10)
    assert refused.value.status == 413


@pytest.mark.parametrize("encoding", sorted(ENCODERS))
def test_the_head_is_read_even_where_the_rest_is_missing(encoding):
    plain = b"first line\n" + bytes(range(256)) * 9000
    whole = ENCODERS[encoding](plain)
    assert inflate_head(whole, encoding, 10) == b"first line"
    assert inflate_head(ENCODERS[encoding](b"short"), encoding, 100) == b"short"


@pytest.mark.parametrize(
    ("header", "name"),
    [("", ""), ("UTF-8", ""), (" identity ", ""), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("br", "br"), ("zstd", "zstd")],
)
def test_content_encodings_have_one_name_each(header, name):
    assert encoding_name(header) == name


def test_an_encoding_nobody_knows_is_refused():
    with pytest.raises(Reject, match="compress") as refused:
        encoding_name("compress")
    assert refused.value.status == 415
