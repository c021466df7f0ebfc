"""Reads JSON as clients really send it."""

import json
import math
from typing import Any

import msgspec

from amber_ingest.normalise.encoding import sound, wide

LONGEST_INT = 4300
"""Digits; Python refuses to convert longer ones because that takes quadratic time."""

_decode = msgspec.json.Decoder().decode


def read_json(data: bytes) -> object:
    """The value `data` holds, forgiving what JSON forbids but SDKs send.

    NaN and infinities become null, invalid UTF-8, lone surrogates and NUL characters U+FFFD, integers beyond 64 bits
    floats or text. Raises ValueError, with the position where there is one, for what is no JSON or is nested too deep.
    """
    try:
        value = _decode(data)
    except RecursionError:
        raise ValueError("JSON is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_leniently(data)
    return sound(value) if b"\\u0000" in data else value


def _read_leniently(data: bytes) -> object:
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        return sound(_LENIENT.decode(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise ValueError("JSON is nested too deep") from None


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _integer(text: str) -> Any:
    if len(text) > LONGEST_INT:
        return _number(text)
    number = int(text)
    return number if len(text) < len("18446744073709551616") else wide(number)


_LENIENT = json.JSONDecoder(strict=False, parse_constant=lambda name: None, parse_float=_number, parse_int=_integer)
