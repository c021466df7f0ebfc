"""Where a plugin that is offered would run, and why it could not run there."""

from amber.hosting.logins import only_inside
from amber.hosting.rpc import OWN_BUSINESS, QUESTIONS
from amber.installing.smoke import Trial
from amber.model import OfferedPlugin


def misplaced(plugin: OfferedPlugin, trial: Trial, isolation: str) -> str:
    """Why it cannot run where it is meant to, and the mend; empty where it can."""
    if not trial.hooks and isolation != "remote":
        return (
            "it holds no Python that answers anything, since it runs elsewhere: set"
            f' [plugins.{plugin.name}] isolation = "remote", and see its README for how to start it'
        )
    answered = set(trial.hooks) - QUESTIONS.keys() - OWN_BUSINESS
    if isolation != "inline" and (inside := (*sorted(answered - set(plugin.inside)), *plugin.inside)):
        return only_inside(plugin.name, inside)
    return ""
