"""A signed file: DSSE, the Dead Simple Signing Envelope (https://github.com/secure-systems-lab/dsse), with Ed25519.

What is signed are the payload's very bytes and their type; nothing is encoded anew to check it. A file has one form
only, so whatever was changed in it, were it a space, is seen.
"""

from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from amber.errors import Reject
from amber_market.index.keys import key_id, public_text

TYPE = "application/vnd.amber.market-index+json"


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    """A signature and the id of the key it was made with."""

    keyid: str
    sig: bytes


class Envelope(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The file. msgspec writes bytes as base64."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


def signed(payload: bytes, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """The file that holds these bytes, signed with each key: with two while one takes over from the other."""
    whole = _signed_bytes(TYPE, payload)
    signatures = tuple(Signature(key_id(key.public_key()), key.sign(whole)) for key in keys)
    return _written(Envelope(TYPE, payload, signatures))


def verified(file: bytes, key: Ed25519PublicKey) -> bytes:
    """The payload, if this key signed it. Raises Reject with the reason."""
    envelope = read_envelope(file)
    own = [one.sig for one in envelope.signatures if one.keyid == key_id(key)]
    if not own:
        keys = ", ".join(one.keyid[:40] for one in envelope.signatures) or "nobody"
        raise Reject(
            f"the index is signed by an unknown key: {keys}, and the key named for it is {key_id(key)}"
            f" ({public_text(key)}); if its publisher has a new key, ask them and change `key` in amber.toml"
        )
    try:
        for signature in own:
            key.verify(signature, _signed_bytes(envelope.payload_type, envelope.payload))
    except InvalidSignature:
        raise Reject(
            f"the index was tampered with: its signature by the key {key_id(key)} does not fit what it says"
        ) from None
    return envelope.payload


def read_envelope(file: bytes) -> Envelope:
    """The envelope of a signed file, which nobody has checked yet. Raises Reject."""
    try:
        envelope = msgspec.json.decode(file, type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Reject(f"this is no signed index: {error}") from None
    if envelope.payload_type != TYPE or _written(envelope) != file:
        raise Reject("this is no signed index as `amber market sign` writes one: it was changed on its way")
    return envelope


def _written(envelope: Envelope) -> bytes:
    return msgspec.json.encode(envelope) + b"\n"


def _signed_bytes(kind: str, payload: bytes) -> bytes:
    """DSSE's "pre-authentication encoding": lengths in front, so that type and payload cannot run into each other."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def is_sealed(file: bytes) -> bool:
    """Whether a file is a signed one, whoever signed it."""
    try:
        return bool(msgspec.json.decode(file, type=Envelope).payload_type)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
