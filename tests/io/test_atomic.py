"""A file is written whole or not at all, and what is there already stays until then."""

import os

import pytest

from agonist.errors import InputError
from agonist.io.atomic import atomic_path


def test_an_error_leaves_what_was_there(tmp_path):
    target = tmp_path / "table.csv"
    target.write_bytes(b"before")
    with pytest.raises(ValueError), atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        raise ValueError
    assert target.read_bytes() == b"before" and list(tmp_path.iterdir()) == [target]


def test_a_file_that_another_program_has_open_is_named_and_stays(tmp_path, monkeypatch):
    """Windows refuses to replace it; nothing here does, so that its answer is given by hand."""
    target = tmp_path / "table.csv"
    target.write_bytes(b"before")

    def refuse(source, destination):
        raise PermissionError(13, "Access is denied", str(source), 5, str(destination))

    monkeypatch.setattr(os, "replace", refuse)
    said = r"table\.csv: cannot be replaced \(Access is denied\)\. Expected a file that no other program has open"
    with pytest.raises(InputError, match=said), atomic_path(target) as one:
        one.write_bytes(b"after")
    assert target.read_bytes() == b"before" and list(tmp_path.iterdir()) == [target]


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="a folder"), atomic_path(tmp_path):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_file_may_be_read_as_any_other(tmp_path):
    mask = os.umask(0o022)
    try:
        with atomic_path(tmp_path / "new.csv") as one:
            one.write_bytes(b"text")
    finally:
        os.umask(mask)
    assert (tmp_path / "new.csv").stat().st_mode & 0o777 == 0o644
