import errno
import os

import pytest

from digit_core.errors import StorageError
from digit_core.storage.files import storage_errors, write_text, write_where_folder_is


def test_a_file_is_replaced_whole(tmp_path):
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


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(StorageError, match="home.*part of the path is a file.*DIGITS_HOME"):
        write_text(tmp_path / "home" / "runs" / "file", "text")


def test_errors_that_are_not_the_disks_pass_through(tmp_path):
    with pytest.raises(ConnectionResetError), storage_errors(tmp_path):
        raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_a_folder_that_is_gone_can_be_left_gone(tmp_path):
    path = tmp_path / "folder" / "file"
    write_where_folder_is(path, "late")
    assert not path.parent.exists()
    path.parent.mkdir()
    write_where_folder_is(path, "in time")
    assert path.read_text() == "in time"
