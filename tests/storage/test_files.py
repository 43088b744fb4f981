import errno
import os

import pytest

from digit_core.errors import StorageError
from digit_core.storage import files
from digit_core.storage.files import storage_errors, sync_to_disk, write_if_folder_exists, write_text


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "folder" / "file"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_content_and_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_text(path, "old")

    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full. Free some space"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["file"]


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(StorageError, match="home.*part of the path is a file.*DIGITS_HOME"):
        write_text(tmp_path / "home" / "runs" / "file", "text")


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(ConnectionResetError), storage_errors(tmp_path):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_a_removed_folder_is_not_created_again(tmp_path):
    path = tmp_path / "folder" / "file"
    write_if_folder_exists(path, "late")
    assert not path.parent.exists()
    path.parent.mkdir()
    write_if_folder_exists(path, "in time")
    assert path.read_text() == "in time"


@pytest.mark.parametrize("windows", [False, True])
def test_files_are_synced_everywhere_and_folders_where_the_platform_can(tmp_path, monkeypatch, windows):
    synced, fsync = [], os.fsync
    path = tmp_path / "file"
    path.touch()

    def sync(handle):
        if windows:
            os.write(handle, b"")  # Windows syncs only what is open for writing
        synced.append(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(files, "_IS_WINDOWS", windows)
    monkeypatch.setattr(os, "fsync", sync)
    sync_to_disk(path)
    sync_to_disk(tmp_path)
    assert synced == [path.stat().st_ino] + [tmp_path.stat().st_ino] * (not windows)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSPC])
def test_a_file_system_that_cannot_sync_folders_is_accepted(tmp_path, monkeypatch, number):
    def refuse(_handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    if number == errno.EINVAL:
        sync_to_disk(tmp_path)
    else:
        with pytest.raises(StorageError, match="disk is full"):
            sync_to_disk(tmp_path)
