"""`amber.toml` and the environment, read into Structs."""
from msgspec import Struct


class Secret(str):
    """A text that is never shown: its repr is `***`."""

    def __repr__(self) -> str:
        return "***"
