"""The folder is replaced as a whole, unless that would take something from somebody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backwright.handover import place
from backwright.spec.diagnostics import SpecificationError


def packs(**files: str) -> dict[str, str]:
    """Some files with their manifest."""
    named = {name.replace("_", "/"): text for name, text in files.items()}
    said = place.manifest(named, service="s", version="1", build="b", packs={"fe": ()})
    return named | {place.MANIFEST: said}


def there(out: Path) -> dict[str, str]:
    return {p.relative_to(out).as_posix(): p.read_text() for p in sorted(out.rglob("*")) if p.is_file()}


def test_what_is_not_handed_over_any_more_goes(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "handover"
    assert place.put(out, packs(fe_a="1", do_b="2"))
    assert place.put(out, packs(fe_a="3"))
    assert there(out) == packs(fe_a="3")
    assert [each.name for each in out.parent.iterdir()] == ["handover"]


def test_the_same_files_are_left_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "handover"
    place.put(out, packs(fe_a="1"))
    before = (out / "fe" / "a").stat().st_ino
    assert not place.put(out, packs(fe_a="1"))
    assert (out / "fe" / "a").stat().st_ino == before


def test_scripts_can_be_run(tmp_path: Path) -> None:
    place.put(tmp_path / "handover", packs(run="#!/bin/sh\n", data="1"))
    assert os.access(tmp_path / "handover" / "run", os.X_OK)
    assert not os.access(tmp_path / "handover" / "data", os.X_OK)


def edited(out: Path) -> None:
    (out / "fe" / "a").write_text("mine")


def added(out: Path) -> None:
    (out / "fe" / "mine.txt").write_text("mine")


def linked(out: Path) -> None:
    (out / "fe" / "a").unlink()
    (out / "fe" / "a").symlink_to(out / "handover.json")


def linked_folder(out: Path) -> None:
    (out / "more").symlink_to(out / "fe")


def piped(out: Path) -> None:
    os.mkfifo(out / "fe" / "pipe")


def forged(out: Path) -> None:
    (out / place.MANIFEST).write_text('{"files": 1}')


def without_manifest(out: Path) -> None:
    (out / place.MANIFEST).unlink()


@pytest.mark.parametrize("change", [edited, added, linked, linked_folder, piped, forged, without_manifest])
def test_what_is_somebodys_is_not_replaced(change: object, tmp_path: Path) -> None:
    out = tmp_path / "handover"
    place.put(out, packs(fe_a="1"))
    assert callable(change)
    change(out)
    before = there(out)
    with pytest.raises(SpecificationError, match="BW942"):
        place.put(out, packs(fe_a="2"))
    assert there(out) == before


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    place.put(tmp_path / "real", packs(fe_a="1"))
    (tmp_path / "handover").symlink_to(tmp_path / "real")
    with pytest.raises(SpecificationError, match="BW942"):
        place.put(tmp_path / "handover", packs(fe_a="2"))


def test_traces_of_use_are_no_files_of_anybody(tmp_path: Path) -> None:
    out = tmp_path / "handover"
    place.put(out, packs(fe_a="1"))
    (out / "fe" / "__pycache__").mkdir()
    (out / "fe" / "__pycache__" / "a.pyc").write_text("")
    assert place.put(out, packs(fe_a="2"))


def test_a_swap_that_fails_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "handover"
    place.put(out, packs(fe_a="1"))
    plain = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError("no space")
        return plain(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(SpecificationError, match=r"BW943.*no space"):
        place.put(out, packs(fe_a="2"))
    assert there(out) == packs(fe_a="1")
