"""The runtime inside of a project: what `backwright eject` adds, so that nothing of Backwright has to be installed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from importlib.resources import files as resources

RUNTIME = "backwright_runtime"
_DISTRIBUTION = "backwright-runtime"
_WITHOUT_SUFFIX = ("LICENSE", "py.typed")


def has_runtime(paths: Iterable[str]) -> bool:
    """Whether generated files with these paths have the runtime among them."""
    return f"{RUNTIME}/__init__.py" in paths


def runtime_files() -> dict[str, str]:
    """The runtime's own files by path, its licence with them."""
    found: dict[str, str] = {}
    waiting = [(RUNTIME, resources(RUNTIME))]
    while waiting:
        path, folder = waiting.pop()
        for each in folder.iterdir():
            if each.is_dir() and each.joinpath("__init__.py").is_file():
                waiting.append((f"{path}/{each.name}", each))
            elif each.name.endswith(".py") or each.name in _WITHOUT_SUFFIX:
                found[f"{path}/{each.name}"] = each.read_text("utf-8")
    return dict(sorted(found.items()))


def runtime_dependencies() -> list[str]:
    """What the runtime itself needs, as its distribution says."""
    needed = metadata.requires(_DISTRIBUTION) or []
    return [each for each in needed if "extra ==" not in each]
