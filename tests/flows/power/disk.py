"""A folder on a disk whose power can be cut."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.flows.running import wait_until

SERVER = Path(__file__).with_name("forgetful.py")


class Disk:
    """Mounted at `folder` until its power is cut, and again after `power`."""

    def __init__(self, place: Path) -> None:
        assert os.geteuid() == 0, "a file system must be mounted for this test: run it as root"
        assert os.path.exists("/dev/fuse"), "a file system in user space is needed for this test: load the module fuse"
        self.folder, self._live, self._disk = (place / name for name in ("mounted", "live", "disk"))
        self.folder.mkdir()
        self._disk.mkdir()
        self._log = place / "forgetful.log"
        self.power()

    def power(self) -> None:
        """What reached the disk is there."""
        shutil.copytree(self._disk, self._live)
        command = [sys.executable, str(SERVER), str(self._live), str(self._disk), str(self.folder)]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_there)

    def _is_there(self) -> bool:
        assert self._server.poll() is None, f"the file system did not start: {self._log.read_text()}"
        return os.path.ismount(self.folder)

    def cut(self) -> None:
        """From this moment on nothing reaches the disk, and what had not is forgotten."""
        self._server.kill()
        self._server.wait()

    def let_go(self) -> None:
        """Unmount it, once nobody uses it any more."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
        shutil.rmtree(self._live)
