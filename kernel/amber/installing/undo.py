"""How an installation is taken back: what was there before is kept aside until everything has worked."""

import shutil
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

import msgspec
from msgspec import Struct
from packaging.utils import canonicalize_name

from amber.errors import Reject
from amber.installing import pip, site


class _Kept(Struct, frozen=True):
    """What has to be done: uninstall those `added`, and put back the `files`, each by where it lay."""

    added: tuple[str, ...]
    files: dict[str, str]


class Undo:
    """The state of an environment before an installation, in a folder that outlives whoever began it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._note = folder, folder / "undo.json"

    def keep(self, names: Iterable[str]) -> None:
        """Keep what is installed of these distributions. Raises Reject where that cannot be put back."""
        try:
            self._keep(names)
        except OSError as error:
            raise Reject(f"what is installed cannot be kept aside: {error.strerror}", status=507) from error

    def _keep(self, names: Iterable[str]) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        there, wanted = site.installed(), [canonicalize_name(name) for name in names]
        files: dict[str, str] = {}
        for name in wanted:
            if name in there:
                files |= self._copy(there[name], len(files))
        draft = self._note.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(_Kept(tuple(wanted), files)))
        draft.replace(self._note)  # from here on an interruption is taken back

    def _copy(self, one: Distribution, start: int) -> dict[str, str]:
        if not one.files:
            raise Reject(f"{one.name} was installed without a list of its files, so it could not be put back")
        found: dict[str, str] = {}
        for number, file in enumerate(one.files, start):
            place = Path(str(one.locate_file(file)))
            if place.is_file():
                shutil.copy2(place, self._folder / str(number))
                found[str(place.resolve())] = str(number)
        return found

    def roll_back(self) -> None:
        """Put everything back as it was; nothing is done where nothing was begun."""
        if self._note.is_file():
            kept = msgspec.json.decode(self._note.read_bytes(), type=_Kept)
            there = site.installed()
            if added := [name for name in kept.added if name in there]:
                pip.take_away(added)
            for place, name in kept.files.items():
                Path(place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._folder / name, place)
        self.forget()

    def forget(self) -> None:
        """All went well: nothing has to be put back any more."""
        self._note.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
