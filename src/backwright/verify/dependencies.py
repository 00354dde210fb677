"""What a delivered project runs on: the distributions that it asks for, and what these ask for, as installed here."""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterator

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from backwright.project import Project


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """An installed distribution: its name as PyPI writes it, its version, licence, and what it asks for."""

    name: str
    version: str
    license: str
    requires: tuple[str, ...]


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a project needs. `missing` is asked for and not installed, or not in that version."""

    direct: tuple[str, ...]
    components: tuple[Component, ...]
    missing: tuple[str, ...]


def closure(project: Project) -> Closure:
    """What the project asks for in `pyproject.toml`, and what that asks for. Raises ValueError."""
    path = project.root / "pyproject.toml"
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"]
        direct = [Requirement(each) for each in written]
    except (OSError, KeyError, TypeError, InvalidRequirement, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"pyproject.toml does not say what it needs ({type(error).__name__})") from None
    found: dict[str, Component] = {}
    missing: dict[str, None] = {}
    waiting = [(each, "the project") for each in direct if _applies(each, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted, by = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        try:
            installed = importlib.metadata.distribution(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            missing[f"{wanted} (for {by}) is not installed"] = None
            continue
        if not wanted.specifier.contains(installed.version, prereleases=True):
            missing[f"{wanted} (for {by}) is installed as {installed.version}"] = None
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        inner = [each for each in _requirements(installed) if _applies(each, extras)]
        waiting += [(each, name) for each in inner]
        asked = {canonicalize_name(each.name) for each in inner} | set(
            found[name].requires if name in found else ()
        )
        found[name] = Component(
            name=name,
            version=installed.version,
            license=_license(installed),
            requires=tuple(sorted(asked)),
        )
    return Closure(
        direct=tuple(sorted({canonicalize_name(each.name) for each in direct})),
        components=tuple(found[name] for name in sorted(found)),
        missing=tuple(missing),
    )


def _requirements(installed: importlib.metadata.Distribution) -> Iterator[Requirement]:
    for each in installed.requires or ():
        yield Requirement(each)


def _applies(wanted: Requirement, extras: frozenset[str]) -> bool:
    """Whether it is needed on this platform, with these extras of what asks for it."""
    if wanted.marker is None:
        return True
    return any(wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def _license(installed: importlib.metadata.Distribution) -> str:
    """As the distribution states it: an SPDX expression, or a name in a line; empty where it says nothing short."""
    metadata = installed.metadata
    said = next((metadata[name] for name in ("License-Expression", "License") if name in metadata), "")
    return said if len(said) <= 100 and "\n" not in said and said != "UNKNOWN" else ""
