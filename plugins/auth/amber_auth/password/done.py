"""How a form that sets a password ended."""

from msgspec import Struct

from amber.errors import Denied


class Done(Struct, frozen=True):
    """Either the secret of a new session, or the problem in one word that the page explains."""

    secret: str = ""
    problem: str = ""


def refused(denial: Denied) -> Done:
    """A proof that was refused: `wait` after too many, else `wrong`."""
    return Done(problem="wait" if denial.status == 429 else "wrong")
