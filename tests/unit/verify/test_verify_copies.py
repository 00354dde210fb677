"""What is in the copies in which code runs that nobody has judged yet."""

from __future__ import annotations

import os
from pathlib import Path

from backwright.verify.copies import copied


def test_secrets_history_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    for name in ("app.py", "logic/more.py", ".env.example"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("kept", "utf-8")
    for name in (".env", ".env.local", "logic/.env", "server.key", "data.db", ".git/config", ".backwright/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret", "utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / ".env")
    (tmp_path / "folder").symlink_to(tmp_path / ".git")
    os.mkfifo(tmp_path / "pipe")
    with copied(tmp_path) as place:
        found = {path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir()}
        assert found == {"app.py", "logic/more.py", ".env.example"}
    assert not place.exists()


def test_an_example_that_is_a_link_is_left_out(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("secret", "utf-8")
    (tmp_path / ".env.example").symlink_to(tmp_path / ".env")
    with copied(tmp_path) as place:
        assert list(place.iterdir()) == []
