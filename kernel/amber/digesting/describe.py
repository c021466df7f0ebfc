"""An event in one line: its title and its culprit."""

from collections.abc import Sequence

from amber.model import Event, ExceptionValue, Frame, frames_of

TITLE_LENGTH, CULPRIT_LENGTH = 256, 200


def title(event: Event) -> str:
    """`Type: first line of the value` of the exception people should look at, else the message, else what is known."""
    if event.chain:
        shown = main_exception(event.chain)
        name = shown.type or "Error"
        value = first_line(shown.value or "")
        return (f"{name}: {value}" if value else name)[:TITLE_LENGTH]
    message = first_line(event.message)
    if message:
        return message[:TITLE_LENGTH]
    return event.text("transaction")[:TITLE_LENGTH] or f"<unlabelled {event.type}>"


def culprit(event: Event) -> str:
    """Where it happened: the transaction, else the last frame of the app as `module in function`."""
    if named := event.text("transaction") or event.text("culprit"):
        return named[:CULPRIT_LENGTH]
    frames = _frames(event)
    own = [frame for frame in frames if frame.in_app] or frames
    if not own:
        return ""
    frame = own[-1]
    place = frame.module or frame.filename or frame.abs_path or ""
    function = frame.function or ""
    return (f"{place} in {function}" if place and function else place or function)[:CULPRIT_LENGTH]


def main_exception(chain: Sequence[ExceptionValue]) -> ExceptionValue:
    """The exception to show: the last of the chain, but not one an exception group only wraps."""
    plain = [one for one in chain if not (one.mechanism or {}).get("is_exception_group")]
    return (plain or chain)[-1]


def first_line(text: str) -> str:
    """The first line that is not blank."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _frames(event: Event) -> Sequence[Frame]:
    return main_exception(event.chain).frames if event.chain else frames_of(event.body)
