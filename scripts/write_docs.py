"""Writes the documentation that comes from the code: manual, diagnostics, JSON Schema. `tests/` holds it current."""

from __future__ import annotations

import json
from pathlib import Path

import backwright.pipeline  # noqa: F401  reaches every module that registers a diagnostic
from backwright.spec import manual, schema
from backwright.spec.diagnostics import registered

DOCS = Path(__file__).parents[1] / "docs"


def written() -> dict[str, str]:
    """File name to text."""
    return {
        "manual.md": manual.manual(),
        "diagnostics.md": diagnostics(),
        "backwright.schema.json": json.dumps(schema.json_schema(), indent=2) + "\n",
    }


def diagnostics() -> str:
    """Every code with what it means, why it matters and what triggers it."""
    parts = [
        "# Diagnostics",
        "Codes are stable and never reused. The first digit is the stage: 1 reading, 2 shape, 3 names,\n"
        "4 expressions, 5 access, 6 plan, 7 build, 8 migration, 9 task and acceptance.\n"
        "Written by `scripts/write_docs.py`.",
    ]
    for code in registered():
        parts += [f"## {code.code}: {code.title}", code.why]
        if code.example:
            parts.append("\n".join(f"    {line}" for line in code.example.splitlines()))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    for name, text in written().items():
        (DOCS / name).write_text(text, "utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
