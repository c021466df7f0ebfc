"""A file system that forgets what was not synced: `python forgetful.py LIVE DISK MOUNT` serves it until killed.

What programs see is in LIVE; what has reached the disk is in DISK. Data goes from one to the other by fsync, fdatasync
and writes to files opened with O_SYNC, and in no other way. Names (create, rename, remove) reach the disk at once, so a
file that was renamed before it was synced is found empty or old, the worst a journalling file system does. To cut the
power is to kill this process and begin again with LIVE made anew from DISK.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import mfusepy

SYNCED = os.O_SYNC | os.O_DSYNC


class Forgetful(mfusepy.Operations):  # type: ignore[misc]  # the library has no types
    """Hands every call on to LIVE and notes what DISK lacks."""

    def __init__(self, live: Path, disk: Path) -> None:
        self._live, self._disk = live, disk
        self._lacking: dict[str, list[tuple[int, int]]] = {}
        self._synced: set[int] = set()

    def _at(self, path: str) -> str:
        return f"{self._live}{path}"

    def _on_disk(self, path: str) -> str:
        return f"{self._disk}{path}"

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        found = os.lstat(self._at(path))
        names = ("atime", "ctime", "gid", "mode", "mtime", "nlink", "size", "uid", "blocks")
        return {f"st_{name}": getattr(found, f"st_{name}") for name in names}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._at(path))]

    def access(self, path: str, amode: int) -> int:
        if not os.access(self._at(path), amode):
            raise mfusepy.FuseOSError(errno.EACCES)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path))
        names = ("bavail", "bfree", "blocks", "bsize", "favail", "ffree", "files", "flag", "frsize", "namemax")
        return {f"f_{name}": getattr(found, f"f_{name}") for name in names}

    def open(self, path: str, flags: int) -> int:
        return self._opened(path, flags, 0o600)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        os.close(os.open(self._on_disk(path), os.O_WRONLY | os.O_CREAT, mode))
        return self._opened(path, os.O_RDWR | os.O_CREAT, mode)

    def mknod(self, path: str, mode: int, dev: int) -> int:
        os.mknod(self._at(path), mode, dev)  # a pipe, which holds nothing that could be lost
        return 0

    def _opened(self, path: str, flags: int, mode: int) -> int:
        # the kernel appends by itself, and reads where a program only writes
        opened = os.open(self._at(path), flags & ~(os.O_APPEND | os.O_ACCMODE) | os.O_RDWR, mode)
        if flags & SYNCED:
            self._synced.add(opened)
        if flags & os.O_TRUNC:
            self._lacking.setdefault(path, []).append((0, 0))
        return opened

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        written = os.pwrite(fh, data, offset)
        self._lacking.setdefault(path, []).append((offset, written))
        if fh in self._synced:
            self._sync(path)
        return written

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._at(path) if fh is None else fh, length)
        self._lacking.setdefault(path, []).append((length, 0))
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._sync(path)
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        return 0

    def _sync(self, path: str) -> None:
        """Bring to the disk what it lacks of one file."""
        lacking = self._lacking.pop(path, [])
        if not lacking:
            return
        with open(self._at(path), "rb") as live, open(self._on_disk(path), "r+b") as disk:
            for offset, size in lacking:
                disk.seek(offset)
                disk.write(os.pread(live.fileno(), size, offset))
            disk.truncate(os.fstat(live.fileno()).st_size)

    def flush(self, path: str, fh: int) -> int:
        return 0

    def release(self, path: str, fh: int) -> int:
        self._synced.discard(fh)
        os.close(fh)
        return 0

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        os.rename(self._at(old), self._at(new))
        os.rename(self._on_disk(old), self._on_disk(new))
        self._lacking.pop(new, None)
        for path in [path for path in self._lacking if path == old or path.startswith(f"{old}/")]:
            self._lacking[new + path[len(old) :]] = self._lacking.pop(path)
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._at(path))
        Path(self._on_disk(path)).unlink(missing_ok=True)
        self._lacking.pop(path, None)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._at(path), mode)
        os.mkdir(self._on_disk(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._at(path))
        os.rmdir(self._on_disk(path))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._at(path), mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        os.chown(self._at(path), uid, gid)
        return 0

    def utimens(self, path: str, times: tuple[float, float] | None = None) -> int:
        os.utime(self._at(path), times)
        return 0


if __name__ == "__main__":
    live, disk, mount = map(Path, sys.argv[1:])
    mfusepy.FUSE(Forgetful(live, disk), str(mount), foreground=True, nothreads=True, fsname="forgetful")
