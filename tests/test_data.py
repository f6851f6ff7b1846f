"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveanim.data import whole, write_whole


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "looks" / "mine.toml"
    write_whole(path, "Grün\n")
    with whole(path) as part:
        part.write_text("half", encoding="utf-8")
        assert path.read_bytes() == "Grün\n".encode() and part.suffix == ".part"
    assert path.read_text(encoding="utf-8") == "half" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
def test_a_write_that_breaks_off_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "mine.toml"
    write_whole(path, "as it was")
    with pytest.raises(type(error)), whole(path) as part:
        part.write_text("half", encoding="utf-8")
        raise error
    assert path.read_text(encoding="utf-8") == "as it was" and list(tmp_path.iterdir()) == [path]


def test_a_name_that_cannot_be_taken_leaves_nothing_either(tmp_path: Path) -> None:
    folder = tmp_path / "mine.toml"
    folder.mkdir()
    with pytest.raises(OSError, match=r"mine\.toml"):
        write_whole(folder, "text")
    assert list(tmp_path.iterdir()) == [folder]


def test_two_programs_write_the_same_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "screens.toml"
    with whole(path) as mine:
        mine.write_text("mine", encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: -1)
            write_whole(path, "theirs")
        assert path.read_text(encoding="utf-8") == "theirs"
    assert path.read_text(encoding="utf-8") == "mine"
