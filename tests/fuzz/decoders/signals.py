"""What signals beside errors bring: check-ins of scheduled jobs."""

from amber.errors import Reject
from amber_signals.checkins.payloads import read_checkin
from amber_signals.checkins.schedules import next_due, zone_of

from .decoder import Decoder, Run

NOON = 1_700_000_000.0


def decoders() -> list[Decoder]:
    """One for the payload of a check-in, with the schedule in it."""
    return [Decoder("check_in", _checkin, (Reject,))]


def _checkin() -> Run:
    def run(data: bytes) -> object:
        checkin = read_checkin(data)
        plan = checkin.plan
        due = next_due(plan.schedule, NOON, zone_of(plan.timezone)) if plan and plan.schedule else None
        assert plan is None or (due is not None and due > NOON), "a schedule was taken that never comes"
        return checkin, due

    return run
