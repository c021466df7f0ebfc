"""Bugsink beside Amber, installed once into a folder of its own and begun anew for every run."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load import Target, shared
from bench.processes import tree
from bench.system import post

URL = "http://127.0.0.1:8101"


class Bugsink:
    """Bugsink as its own documentation runs it on one server: gunicorn, its task runner, SQLite."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._run = folder, folder / "run"
        self._fresh = folder / "fresh"
        if not self._fresh.is_dir():  # it is made last, so an installation that was cut short is done again
            shutil.rmtree(folder, ignore_errors=True)
            self._call("install")
            shutil.copytree(self._run, self._fresh)
        said = (self._run / "project").read_text().splitlines()
        _, project, key = next(line for line in said if line.startswith("PROJECT ")).split()
        self.target = Target(URL, int(project), key)

    def _call(self, verb: str) -> None:
        script = shared() / "peers" / "bugsink.sh"
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        log = self._folder.with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            subprocess.run(["bash", script, verb, self._folder], check=True, stdout=out, stderr=out, env=environment)

    def launch(self) -> None:
        """Start it with an empty database and wait for nothing."""
        shutil.rmtree(self._run)
        shutil.copytree(self._fresh, self._run)
        self._call("start")

    @contextlib.contextmanager
    def up(self, event: bytes) -> Iterator["Bugsink"]:
        """Running, with one event stored, so that all that is loaded at first use is loaded."""
        self.launch()
        try:
            while post(self.target, event) != 200:
                time.sleep(0.1)
            while self.counted() < 1:
                time.sleep(0.1)
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """End it and wait until it is gone."""
        pids = self.pids()
        self._call("stop")
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            time.sleep(0.1)

    def pids(self) -> list[int]:
        """All its processes."""
        return tree([int(file.read_text()) for file in self._run.glob("*.pid")])

    def counted(self) -> int:
        """How many events it has digested."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self._run / 'db.sqlite3'}?mode=ro", uri=True, timeout=30)
        ) as db:
            return int(db.execute("SELECT digested_event_count FROM projects_project").fetchone()[0] or 0)
