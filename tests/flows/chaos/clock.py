"""A wall clock that can be moved under running processes."""

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


class Clock:
    """The wall clock of all processes started with `environment`."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        assert compiler, "a C compiler is needed to move the clock of processes: install gcc"
        library, self._file = folder / "clock.so", folder / "clock"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)], check=True)
        self.move(0)
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(self._file)}

    def move(self, seconds: int) -> None:
        """Let the clock be so many seconds ahead of the true one."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))  # in place: the processes have this very file before them
