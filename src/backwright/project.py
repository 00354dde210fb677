"""Where things lie in a user's project: the directory that holds `backwright.yaml`."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Project(msgspec.Struct, frozen=True):
    """Paths of one project. Nothing here reads or writes."""

    root: Path

    @property
    def specification(self) -> Path:
        return self.root / "backwright.yaml"

    @property
    def answers(self) -> Path:
        """Answers that are part of the specification, written by `backwright answer` and merged like any piece."""
        return self.root / "spec" / "answers.yaml"

    @property
    def lock(self) -> Path:
        """Every generated file with its SHA-256."""
        return self.root / "backwright.lock"

    @property
    def migrations(self) -> Path:
        return self.root / "migrations"

    @property
    def approvals(self) -> Path:
        """One file per approved plan, reviewed like code: `approvals/<plan hash>.yaml`."""
        return self.root / "approvals"

    @property
    def features(self) -> Path:
        """Feature folders in the layout of GitHub Spec Kit: `specs/<nnn-name>/`."""
        return self.root / "specs"

    @property
    def state(self) -> Path:
        """What Backwright remembers about runs: the event log, results and reports."""
        return self.root / ".backwright"

    @property
    def events(self) -> Path:
        return self.state / "events.jsonl"

    @property
    def runs(self) -> Path:
        return self.state / "runs"
