"""Reads a release such as `shop@2.3.1-rc.1+build.7` into its parts."""

from collections.abc import Sequence

from amber import hookimpl
from amber.model import Additions, Event
from amber_enrichment.release.versions import Release, read_release


@hookimpl
def enrich_events(events: Sequence[Event]) -> list[Additions | None]:
    """The context `release` for every event that has a release."""
    return [_context(read_release(event.text("release"))) for event in events]


def _context(release: Release | None) -> Additions | None:
    if release is None:
        return None
    named = {
        "package": release.package,
        "version": release.version,
        "prerelease": release.prerelease,
        "build": release.build,
        "is_semantic": release.is_semantic,
    }
    return Additions(contexts={"release": {name: value for name, value in named.items() if value != ""}})
