"""The reference shares nothing with the compilers that it judges."""

from __future__ import annotations

import ast
from pathlib import Path

import backwright.reference

ALLOWED = ("model.types", "expr.typed", "spec.diagnostics", "reference")


def test_the_reference_imports_only_the_types_of_models_and_expressions() -> None:
    folder = Path(backwright.reference.__file__).parent
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name}: relative import"
                names = [node.module or ""]
            for name in names:
                if name.startswith("backwright"):
                    assert name.removeprefix("backwright.").startswith(ALLOWED), f"{file.name} imports {name}"
