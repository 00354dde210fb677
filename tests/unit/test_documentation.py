"""The documentation that comes from the code is as the code says. `python scripts/write_docs.py` rewrites it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def written() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "scripts" / "write_docs.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    documents: dict[str, str] = module.written()
    return documents


@pytest.mark.parametrize(("name", "text"), written().items())
def test_the_written_documentation_is_current(name: str, text: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == text, "run: python scripts/write_docs.py"
