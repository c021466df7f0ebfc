"""An event's stack as plain text, to be copied into a ticket or a chat."""

from collections.abc import Iterator, Sequence

from amber_console.home.issue.event_view import EventView
from amber_console.home.issue.exception_view import ExceptionView
from amber_console.home.issue.frame_view import FrameView, StackView


def plain_stack(event: EventView) -> str:
    """Exceptions and their calls, the most recent first; threads where no exception has any; else the message."""
    lines = list(_chain(event.exceptions, ""))
    if not any("  at " in line for line in lines):
        lines += _calls(event.stack, "")
        for thread in event.threads:
            if thread.stack.runs:
                lines += [f"Thread {thread.name}".rstrip(), *_calls(thread.stack, "")]
    return "\n".join(lines or event.message.text.splitlines())


def _chain(chain: Sequence[ExceptionView], indent: str) -> Iterator[str]:
    for one in chain:
        said = f"{one.type}: {one.value}" if one.value else one.type
        yield indent + (f"{one.relation} {said}" if one.relation else said)
        yield from _calls(one.stack, indent)
        for member in one.members:
            yield f"{indent}  contains"
            yield from _chain(member, indent + "    ")


def _calls(stack: StackView, indent: str) -> list[str]:
    return [f"{indent}  at {_call(frame)}" for frame in stack.frames]


def _call(frame: FrameView) -> str:
    name = f"{frame.module}.{frame.function}" if frame.module else frame.function
    return " ".join(word for word in (name, f"({frame.place})" if frame.place else "", frame.address) if word)
