"""A signed file is believed only as it was signed."""

import base64
import contextlib
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from amber.errors import ConfigError, Reject
from amber_market.index.envelope import TYPE, read_envelope, signed, verified
from amber_market.index.keys import key_id, public_text, read_private, read_public, write_private

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
PAYLOAD = b'{"name": "plugins", "version": 7}\n'
FILE = signed(PAYLOAD, [KEY])


@given(st.binary(max_size=2000))
def test_any_bytes_come_back_as_they_were_signed(payload: bytes) -> None:
    assert verified(signed(payload, [KEY]), KEY.public_key()) == payload


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_anywhere_in_the_file_is_refused(bit: int) -> None:
    for place in range(len(FILE)):
        flipped = FILE[:place] + bytes([FILE[place] ^ 1 << bit]) + FILE[place + 1 :]
        with pytest.raises(Reject):
            verified(flipped, KEY.public_key())


@given(st.data())
def test_bytes_cut_out_put_in_or_replaced_are_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(FILE)))
    end = data.draw(st.integers(start, len(FILE)))
    changed = FILE[:start] + data.draw(st.binary(max_size=20)) + FILE[end:]
    if changed != FILE:
        with pytest.raises(Reject):
            verified(changed, KEY.public_key())


@given(st.binary(min_size=64, max_size=64))
def test_no_made_up_signature_fits(signature: bytes) -> None:
    envelope = msgspec.structs.replace(
        read_envelope(FILE),
        signatures=(msgspec.structs.replace(read_envelope(FILE).signatures[0], sig=signature),),
    )
    with pytest.raises(Reject, match="tampered"):
        verified(msgspec.json.encode(envelope) + b"\n", KEY.public_key())


@pytest.mark.parametrize("change", [b" %s", b"%s\n", b"%s "])
def test_the_same_envelope_written_otherwise_is_refused(change: bytes) -> None:
    with pytest.raises(Reject, match="changed on its way"):
        verified(change % FILE, KEY.public_key())


def test_a_signature_of_another_kind_of_file_does_not_fit() -> None:
    foreign = KEY.sign(b"DSSEv1 10 text/plain %d %s" % (len(PAYLOAD), PAYLOAD))
    file = read_envelope(FILE)
    swapped = msgspec.structs.replace(file, signatures=(msgspec.structs.replace(file.signatures[0], sig=foreign),))
    with pytest.raises(Reject, match="tampered"):
        verified(msgspec.json.encode(swapped) + b"\n", KEY.public_key())


def test_an_unknown_key_is_named_with_the_one_that_was_expected() -> None:
    with pytest.raises(Reject, match=f"unknown key: {key_id(OTHER.public_key())}, .*{key_id(KEY.public_key())}"):
        verified(signed(PAYLOAD, [OTHER]), KEY.public_key())


def test_a_file_of_two_keys_is_believed_by_whoever_knows_one() -> None:
    file = signed(PAYLOAD, [KEY, OTHER])
    assert {verified(file, key.public_key()) for key in (KEY, OTHER)} == {PAYLOAD}


def test_a_foreign_signature_under_our_keys_id_is_tampering() -> None:
    file = read_envelope(signed(PAYLOAD, [OTHER]))
    posing = msgspec.structs.replace(file.signatures[0], keyid=key_id(KEY.public_key()))
    with pytest.raises(Reject, match="tampered"):
        verified(msgspec.json.encode(msgspec.structs.replace(file, signatures=(posing,))) + b"\n", KEY.public_key())


def test_other_tools_can_check_the_signature() -> None:
    # DSSE's own words (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md), put together by hand
    raw = msgspec.json.decode(FILE)
    payload = base64.b64decode(raw["payload"])
    whole = b" ".join([b"DSSEv1", str(len(TYPE)).encode(), TYPE.encode(), str(len(payload)).encode(), payload])
    KEY.public_key().verify(base64.b64decode(raw["signatures"][0]["sig"]), whole)
    assert raw["payloadType"] == TYPE


def test_a_key_survives_its_file_and_its_word(tmp_path: Path) -> None:
    made = write_private(tmp_path / "key.pem")
    again = read_private(tmp_path / "key.pem")
    assert again.private_bytes_raw() == made.private_bytes_raw()
    word = public_text(made.public_key())
    assert read_public(word).public_bytes_raw() == made.public_key().public_bytes_raw()


def test_a_private_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    write_private(file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        write_private(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "word", ["", "ed25519:", "ed25519:AAAA", "rsa:" + "A" * 44, "ed25519:" + "é" * 44, "A" * 43 + "="]
)
def test_what_is_no_public_key_is_refused_with_what_one_looks_like(word: str) -> None:
    with pytest.raises(ConfigError, match="one looks like ed25519:"):
        read_public(word)


@given(st.text())
def test_no_text_breaks_the_reading_of_public_keys(word: str) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(read_public(word), Ed25519PublicKey)


@pytest.mark.parametrize("text", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(text)
    with pytest.raises(ConfigError, match=r"key\.pem holds no private key"):
        read_private(tmp_path / "key.pem")
