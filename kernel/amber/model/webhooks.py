"""What comes back from those who are told, and what is done about it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct


class WebhookRequest(Struct, frozen=True):
    """What was sent to the address of a target. Header names are lower case; `at` is when it came, in Unix seconds.

    `id` is Amber's own, the same at every asking.
    """

    id: str
    at: float
    body: bytes
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    client_ip: str = ""


class Command(Struct, frozen=True):
    """What is to be done with an issue of the target's project; `issue` is its id.

    `assign` gives it to `assignee`, to nobody where that is empty. `key` is what the sender calls this command: one
    that is carried out is not carried out again within a week (empty: the request's id).
    """

    action: Literal["resolve", "reopen", "ignore", "assign"]
    issue: Annotated[str, Meta(max_length=20)]
    assignee: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")] = ""
    key: Annotated[str, Meta(max_length=2000)] = ""
