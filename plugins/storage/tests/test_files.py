"""What the files store promises beyond the contract: durability, and nothing outside its folder."""

import os
from pathlib import Path

import pytest

from amber.errors import Unavailable
from amber.testing.contexts import make_context, make_services
from amber_storage import files
from amber_storage.files.blobs import FileBlobStore


def test_a_blob_is_on_disk_before_it_has_its_name_and_the_name_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def noting_sync(handle: int) -> None:
        is_folder = os.path.isdir(f"/proc/self/fd/{handle}") if os.path.isdir("/proc/self/fd") else False
        done.append("folder" if is_folder else "file")
        sync(handle)

    def noting_rename(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(Path, "replace", noting_rename)
    store = FileBlobStore(tmp_path)
    store.put("a/b/c", b"x")
    assert done == ["folder", "folder", "file", "rename", "folder"]  # a, then a/b, then the blob
    store.put("a/b/d", b"x")
    assert done[5:] == ["file", "rename", "folder"]


def test_what_a_crash_left_half_written_is_no_blob(blob_store: FileBlobStore, tmp_path: Path) -> None:
    blob_store.put("a/b", b"whole")
    (tmp_path / "blobs" / "a" / "b=~0123").write_bytes(b"ha")
    assert list(blob_store.keys("")) == ["a/b"]
    assert blob_store.get("a/b") == b"whole"


def test_a_blob_is_as_old_as_its_last_put(blob_store: FileBlobStore, tmp_path: Path) -> None:
    for key in ("old", "renewed"):
        blob_store.put(key, b"x")
        os.utime(tmp_path / "blobs" / f"{key}=", (1000.0, 1000.0))
    blob_store.put("renewed", b"x")
    assert list(blob_store.keys("", 1001.0)) == ["old"]
    assert list(blob_store.keys("", 1000.0)) == []


def test_a_put_that_fails_leaves_no_trace(
    blob_store: FileBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    blob_store.put("a", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        blob_store.put("a", b"new")
    assert blob_store.get("a") == b"old"
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["a="]


def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = FileBlobStore(tmp_path / "file")
    with pytest.raises(Unavailable):
        store.put("a", b"x")
    with pytest.raises(Unavailable):
        store.get("a")


def test_the_plugin_keeps_blobs_in_a_folder_of_its_own(tmp_path: Path) -> None:
    files.blob_store(make_context(files, None, make_services(tmp_path))).put("a", b"x")
    assert (tmp_path / "plugins" / "files" / "a=").read_bytes() == b"x"


def test_what_crashes_left_half_written_is_swept_away_at_the_start(tmp_path: Path) -> None:
    ctx = make_context(files, None, make_services(tmp_path))
    store = files.blob_store(ctx)
    store.put("a/b", b"whole")
    old, fresh = ctx.data / "a" / "b=~0123", ctx.data / "a" / "c=~4567"
    old.write_bytes(b"ha")
    fresh.write_bytes(b"lf")
    os.utime(old, (0, ctx.now() - 2 * files.AN_HOUR))
    files.plugin_start(ctx)
    assert not old.exists()
    assert fresh.exists()  # another process may be writing it right now
    assert store.get("a/b") == b"whole"
