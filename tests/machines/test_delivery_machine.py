"""The real delivery on the bus in memory, in a time of its own."""

import logging

import pytest

from .deliverymachine import DeliveryMachine
from .steering import drive


def test_every_message_ends_once_done_or_dead(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1)
    drive(DeliveryMachine, examples=40, steps=30, is_slow=True)
