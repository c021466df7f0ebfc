"""Which indexes are read, and what may be installed here."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from amber_market.index.shape import IndexName


class IndexConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One index."""

    name: Annotated[IndexName, Meta(description="The name the index gives itself")]
    source: Annotated[str, Meta(min_length=1, description="Its https:// address, or the path of its file")]
    key: Annotated[
        str, Meta(description="Its publisher's public key, ed25519:…; without one it counts as not signed")
    ] = ""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Which indexes are read, the most trusted first, and what may be installed through Amber at all.

    `require`: "any" takes whatever you name, such as a wheel of your own; "listed" only wheels that an index lists;
    "signed" only those of an index whose key is named here.
    """

    require: Annotated[
        Literal["any", "listed", "signed"],
        Meta(description="What may be installed: any plugin, one an index lists, or one a signed index lists"),
    ] = "any"
    indexes: Annotated[tuple[IndexConfig, ...], Meta(description="The indexes, the most trusted first")] = ()
