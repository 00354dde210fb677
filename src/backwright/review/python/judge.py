"""All rules on one module, and the migrations that are written in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from backwright.review.findings import Finding, Site
from backwright.review.migrations import alembic, django
from backwright.review.python.access import access
from backwright.review.python.dangerous import dangerous
from backwright.review.python.endpoints import module
from backwright.review.python.queries import queries
from backwright.review.python.shields import Shields
from backwright.review.suppress import UNREAD

_TEST = re.compile(r"(^|/)(tests?|testing|fixtures|conftest\.py|test_[^/]*|[^/]*_test\.py)(/|$)")


def review(path: Path, file: str, text: str, within: str, known: Shields) -> Iterator[Finding]:
    """The findings of a Python file. `within`: its path inside of what is reviewed; tests are left out."""
    if _TEST.search(within):
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        yield Site(file, line, 1).finding(UNREAD, "no Python of this version", "warning")
        return
    if alembic.recognised(tree):
        yield from alembic.review(tree, file)
    elif django.recognised(tree):
        yield from django.review(tree, file, _earlier(path))
    else:
        read = module(tree, file, shielded=known.cover(path))
        for rule in (access, queries, dangerous):
            yield from rule(read)


def _earlier(path: Path) -> Iterator[ast.Module]:
    """The migrations of the same folder before this one, in the order of their names."""
    for other in sorted(path.parent.glob("*.py")):
        if other.name >= path.name or other.name == "__init__.py":
            continue
        try:
            yield ast.parse(other.read_text("utf-8"))
        except (SyntaxError, ValueError, OSError):
            continue
