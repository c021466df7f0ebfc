"""An offer, tried beside what is installed: what does not work there never gets near what runs."""

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from amber.errors import Reject
from amber.installing import pip, site
from amber.installing.smoke import Trial
from amber.model import Offer, OfferedPlugin

PATIENCE = 60.0
SLOWEST = 0.2
"""Seconds of computing the import of a plugin may take; every command and every process pays them."""
TRIES = 3
"""Imports of which the quickest counts: a first one compiles, and a busy machine slows any."""
AT_START = ("sitecustomize", "usercustomize")
"""Modules that Python imports by itself."""
GIVEN = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")
"""What a stranger's import may see of the environment: nothing secret."""


def rehearse(offer: Offer) -> tuple[Trial, ...]:
    """Put the offer into a folder of its own and import it there. Raises Reject with what is wrong."""
    with tempfile.TemporaryDirectory(prefix="amber-") as folder:
        stage = Path(folder, "stage")
        pip.put(offer.pins, target=stage)
        if reason := _trespass(stage, [pin.partition(" @ ")[0] for pin in offer.pins]):
            raise Reject(f"{offer.distribution} {offer.version} was not installed: {reason}")
        trials = tried([one.name for one in offer.plugins], stage)
    for one, plugin in zip(trials, offer.plugins, strict=True):
        if reason := _objection(one, plugin):
            raise Reject(f"{offer.distribution} {offer.version} was not installed: plugin {one.plugin}: {reason}")
    return trials


def _trespass(stage: Path, distributions: Sequence[str]) -> str:
    """Which file of these distributions would land on somebody else's, what pip does without a word, or run by itself
    in every process of Amber; empty for none.
    """
    there, roots = site.installed(), (sysconfig.get_path("purelib"), sys.prefix)
    known = [there[name] for name in map(canonicalize_name, distributions) if name in there]
    own = {Path(str(one.locate_file(file))).resolve() for one in known for file in one.files or ()}
    for file in (_source(one.relative_to(stage)) for one in sorted(stage.rglob("*")) if one.is_file()):
        first = Path(file.parts[0])
        if first.stem in AT_START or (first == file and file.suffix == ".pth"):
            return f"it brings {file}, which every Python here would run as it starts"
        taken = [one for root in roots if (one := Path(root, file)).is_file() and one.resolve() not in own]
        if taken or first.name == "amber":
            return f"it would write over {file}, which is not its own"
    return ""


def _source(file: Path) -> Path:
    """What a compiled file stands for, any other file itself."""
    is_compiled = file.parent.name == "__pycache__"
    return file.parent.parent / f"{file.name.partition('.')[0]}.py" if is_compiled else file


def tried(names: Sequence[str], *first: Path, enough: float = SLOWEST) -> tuple[Trial, ...]:
    """What importing each of these plugins does, in a process that has all of Amber and nothing secret; plugins in the
    folders `first` count before installed ones. Tried again while one takes more than `enough` seconds.
    """
    best: tuple[Trial, ...] = ()
    for _ in range(TRIES):
        trials = _trials(names, first)
        best = tuple(min(pair, key=lambda one: one.seconds) for pair in zip(trials, best or trials, strict=True))
        if all(one.seconds <= enough for one in best):
            break
    return best


def _trials(names: Sequence[str], first: Sequence[Path]) -> tuple[Trial, ...]:
    path = os.pathsep.join([*map(str, first), *filter(None, sys.path)])
    environment = {name: os.environ[name] for name in GIVEN if name in os.environ} | {"PYTHONPATH": path}
    quiet = subprocess.DEVNULL
    with tempfile.TemporaryDirectory(prefix="amber-") as folder:
        said = Path(folder, "trials.json")
        command = [sys.executable, "-m", "amber.installing.smoke", str(said), *names]
        try:
            subprocess.run(  # noqa: S603 - our own module; that it runs a stranger's code is what was asked for
                command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, timeout=PATIENCE, cwd=folder
            )
            return msgspec.json.decode(said.read_bytes(), type=tuple[Trial, ...])
        except subprocess.TimeoutExpired:
            reason = f"its import did not end within {PATIENCE:g} s"
        except (OSError, msgspec.DecodeError):
            reason = "its import ended the process"
    return tuple(Trial(name, error=reason) for name in names)


def _objection(trial: Trial, plugin: OfferedPlugin) -> str:
    if trial.error:
        return trial.error
    if not (trial.hooks or plugin.hooks):
        return "it answers no hook, so it would do nothing"
    if trial.acts:
        return f"its import does more than that: {', '.join(trial.acts)}"
    if trial.changed:
        return f"its import changes what is Amber's or the system's: {', '.join(trial.changed)}"
    if trial.seconds > SLOWEST:
        return f"its import takes {trial.seconds * 1000:.0f} ms of computing, {SLOWEST * 1000:.0f} ms are allowed"
    return ""
