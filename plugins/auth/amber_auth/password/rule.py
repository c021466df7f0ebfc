"""What may be a password."""

SHORTEST, LONGEST = 10, 1000


def fault(password: str, email: str) -> str:
    """What is wrong with a new password, in one word (`short`, `long`, `email`); empty where it may be used."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    return "email" if password.strip().casefold() == email.strip().casefold() else ""


SENTENCES = {
    "short": f"a password has at least {SHORTEST} characters",
    "long": f"a password has at most {LONGEST} characters",
    "email": "a password is not the e-mail address",
}
"""The same for people."""
