"""Whether outcomes add up, for tests that hold Amber to its word: nothing lost, nothing counted twice."""

from collections.abc import Iterable

from amber.model import OutcomeCount, account_of


def unbalanced(counts: Iterable[OutcomeCount]) -> list[str]:
    """Every project, category and hour in which accepted is not stored + filtered + invalid + unhandled + dead.

    Ask once everything accepted has been digested; an empty list means that the account is exact.
    """
    cells: dict[tuple[int, str, int], list[OutcomeCount]] = {}
    for count in counts:
        cells.setdefault((count.project, count.category, count.hour), []).append(count)
    return [
        f"project {project}, {category}, hour {hour}: {account.accepted} accepted, {account.ended} accounted for"
        for (project, category, hour), mine in sorted(cells.items())
        if not (account := account_of(mine)).is_balanced
    ]
