"""Serving a build on one's own machine."""

from __future__ import annotations

import os
import secrets
import sys

import msgspec

from backwright.pipeline.migrating import database_url, migrate
from backwright.pipeline.planning import package
from backwright.project import Project


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """How to start the built backend for development."""

    command: tuple[str, ...]
    environment: dict[str, str]
    notes: tuple[str, ...]


def serving(project: Project, given: str | None, host: str, port: int) -> Serving:
    """The command that serves the build, after its database was migrated. Raises Blocked when nothing is built."""
    name = package(project)
    url = database_url(project, given)
    applied = migrate(project, "up", given)
    notes = [f"database {url.partition('@')[2] or url}", *(f"applied {name}" for name in applied)]
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(project.root)}
    if "TOKEN_KEYS" not in environment:
        environment["TOKEN_KEYS"] = f"development:{secrets.token_urlsafe(32)}"
        notes.append("TOKEN_KEYS is not set: signing with a key of this run; tokens end with it")
    if "ENCRYPTION_KEYS" not in environment:
        environment["ENCRYPTION_KEYS"] = development_key(project)
    notes.append(f"http://{host}:{port}/docs")
    command = (sys.executable, "-m", name, "serve", "--host", host, "--port", str(port))
    return Serving(command=command, environment=environment, notes=tuple(notes))


def development_key(project: Project) -> str:
    """What encrypts fields on this machine. It is kept: rows of an earlier run have to stay readable."""
    file = project.state / "development.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(f"development:{secrets.token_urlsafe(32)}\n", "utf-8")
    return file.read_text("utf-8").strip()
