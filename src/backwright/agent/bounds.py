"""What a patch reaches for beyond what is allowed: other files, the environment, files by their paths.

Read from the source before any of it runs. It finds what is written, as the gate `logic` does, and confines nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backwright.agent.patches import Patch
from backwright.agent.verdicts import Failure
from backwright.agent.work_items import WorkItem

ENVIRONMENT_MODULES = frozenset({"dotenv", "decouple", "environs", "posix", "pydantic_settings"})
ENVIRONMENT_NAMES = frozenset({"environ", "environb", "getenv", "getenvb", "load_dotenv", "dotenv_values"})
ENVIRONMENT_TEXTS = (".env", "/proc/")
INNARDS = frozenset({"__globals__", "__subclasses__", "__builtins__", "__loader__", "__mro__", "__code__"})
"""Ways around whatever is read from the source."""
MODULES_OF_THE_PROCESS = frozenset({"sys", "inspect", "gc", "builtins", "signal", "threading", "atexit"})
FILES = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "unlink", "symlink_to"}
)


def out_of_bounds(item: WorkItem, patch: Patch) -> tuple[Failure, ...]:
    """Everything that is beyond what is allowed. The patch is then rejected as a whole, and nothing of it runs."""
    failures = [
        _failure(f"`{path}` is not yours to write", path)
        for path in sorted(patch.files)
        if path not in item.allowed
    ]
    failures += [_failure(f"`{path}` is not yours to remove", path) for path in patch.removed]
    for path in item.allowed:
        if path in patch.files:
            failures += [_failure(what, f"{path}:{line}") for line, what in reaches(patch.files[path])]
    return tuple(failures)


def _failure(what: str, where: str) -> Failure:
    return Failure(kind="out_of_bounds", what=what, where=where)


def reaches(text: str) -> Iterator[tuple[int, str]]:
    """What source reaches for, with its line. What is no Python reaches nowhere: the gates say so."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Import(names=names):
                for each in names:
                    yield from _module(each.name, line)
            case ast.ImportFrom(module=module, names=names):
                yield from _module(module or "", line)
                for each in names:
                    if each.name in ENVIRONMENT_NAMES:
                        yield line, f"`{each.name}`: the environment"
            case ast.Attribute(attr=name) if name in ENVIRONMENT_NAMES:
                yield line, f"`{name}`: the environment"
            case ast.Attribute(attr=name) if name in INNARDS:
                yield line, f"`{name}`: a way around the rules"
            case ast.Attribute(attr=name) if name in FILES:
                yield line, f"`{name}`: files by their paths"
            case ast.Constant(value=str(value)) if _names_environment(value):
                yield line, f"{value[:40]!r}: where secrets are kept"
            case _:
                pass


def _module(name: str, line: int) -> Iterator[tuple[int, str]]:
    root = name.partition(".")[0]
    if root in ENVIRONMENT_MODULES:
        yield line, f"`{name}`: the environment"
    if root in MODULES_OF_THE_PROCESS:
        yield line, f"`{name}`: the process that it runs in"


def _names_environment(value: str) -> bool:
    return value == ".env" or value.endswith("/.env") or value.startswith((".env.", "/proc/"))
