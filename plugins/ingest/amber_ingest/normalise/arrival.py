"""How an event came to us."""

from msgspec import Struct


class Arrival(Struct, frozen=True):
    """What is known of an event besides its body.

    Times are Unix seconds; `sent_at` is the client's own clock when it sent, None where it did not say. `sdk` is the
    client of the request as `name/version`. `event_id` is the envelope's, `item_type` the item's (`event`, `security`,
    `feedback`, `transaction` …). Text that is not known is empty.
    """

    project: int
    received_at: float
    sent_at: float | None
    client_ip: str
    user_agent: str
    sdk: str
    event_id: str
    item_type: str
