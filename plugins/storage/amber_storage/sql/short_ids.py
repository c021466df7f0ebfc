"""Short ids of issues, made to be read aloud: no I, L, O or U."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short_id(slug: str, number: int) -> str:
    """The short id of a project's issue `number`, such as `SHOP-1A`."""
    digits = ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return f"{slug.upper()}-{digits or ALPHABET[0]}"
