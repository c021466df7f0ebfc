"""What the commands share: their options, how they answer and how they find things."""

import click
import msgspec

from amber.errors import Reject
from amber.model import Directory, Organisation, Project

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
ORGANISATION = click.option("--organisation", help="Id or slug; needed where there are several.")


def say(value: object, as_json: bool, text: str) -> None:
    """Print `value` as one line of JSON, or else `text`."""
    click.echo(msgspec.json.encode(value).decode() if as_json else text)


def choose_organisation(directory: Directory, ref: str | None) -> Organisation:
    """The organisation named, or the only one there is; `Reject` says what to do where that fails."""
    if ref is not None:
        named = directory.organisation(ref)
        if named is None:
            raise Reject(f"there is no organisation {ref!r}; `amber org list` shows them all", status=404)
        return named
    every = directory.organisations()
    if not every:
        raise Reject("there is no organisation yet: start Amber once with `amber up`, or use `amber org create NAME`")
    if len(every) > 1:
        raise Reject(f"there are {len(every)} organisations: say which with --organisation")
    return every[0]


def known_project(directory: Directory, ref: str) -> Project:
    """The project with this id or slug, whosever it is; `Reject` says where to look when there is none."""
    found = directory.project(ref)
    if found is None:
        raise Reject(f"there is no project {ref!r}; `amber project list` shows them all", status=404)
    return found
