"""One-time codes (RFC 6238), each good for one request in all processes together."""

import hmac

import pyotp
from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, delete, insert
from sqlalchemy.exc import IntegrityError

STEP = 30
"""Seconds a code stands for."""
WINDOW = 1
"""Steps before and after the present one whose codes are taken, for clocks that differ."""


class Codes:
    """The codes of one secret, and the table of those that were used."""

    def __init__(self, engine: Engine, secret: str) -> None:
        self._engine, self._totp = engine, pyotp.TOTP(secret, interval=STEP)
        self.table = Table("ember_codes", MetaData(), Column("step", BigInteger, primary_key=True, autoincrement=False))

    def step_of(self, code: str, now: float) -> int | None:
        """The step whose code this is, among those taken now; None where it is wrong."""
        current = int(now // STEP)
        fitting = [step for step in range(current - WINDOW, current + WINDOW + 1) if self._is_for(step, code)]
        return fitting[-1] if fitting else None

    def take(self, step: int) -> bool:
        """Use a step's code up; False where somebody was quicker."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(self.table).values(step=step))
                connection.execute(delete(self.table).where(self.table.c.step < step - 2 * WINDOW))
        except IntegrityError:
            return False
        return True

    def _is_for(self, step: int, code: str) -> bool:
        return hmac.compare_digest(self._totp.at(step * STEP).encode(), code.encode("utf-8", "surrogatepass"))
