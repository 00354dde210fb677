"""Custom logic: what is read of its source, and that a call with the wrong values is noticed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from built_project import Broken, agrees, broken_copy, built, compared

from backwright.model.build import build
from backwright.model.types import Logic, Model
from backwright.project import Project
from backwright.spec import read
from backwright.verify import behaviour
from backwright.verify.confinement import is_written, reaches
from backwright.verify.gate import GateInput
from backwright.verify.gates import logic as gate
from backwright.verify.judging import judged

CASE = Path(__file__).parents[2] / "cases" / "requests" / "logic"


def declared(*uses: str, trusted: str | None = None) -> tuple[Logic, ...]:
    return (Logic(name="quote", output=(), uses=uses, trusted=trusted),)


def reached(text: str, folder: Path, *uses: str, trusted: str | None = None) -> list[str]:
    path = folder / "quote.py"
    path.write_text(text, encoding="utf-8")
    return [each.what for each in reaches(path, "shop", declared(*uses, trusted=trusted))]


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("import subprocess", ()),
        ("from subprocess import run", ("subprocess",)),
        ("import httpx", ()),
        ("import urllib.request", ("http",)),
        ("from socket import create_connection", ()),
        ("open('/etc/passwd')", ("files",)),
        ("import os", ()),
        ("from shop.repositories import orders", ()),
        ("import asyncpg", ()),
        ("import pickle", ()),
        ("eval('1')", ()),
        ("async def quote(given, use):\n    return await use.tariffs._db.fetch_all(given)", ()),
        ("().__class__", ()),
        ("from backwright_runtime.safe import http", ()),
        ("from backwright_runtime.safe import programs", ("http", "files")),
    ],
)
def test_what_is_not_declared_is_found(text: str, uses: tuple[str, ...], tmp_path: Path) -> None:
    assert len(reached(text, tmp_path, *uses)) == 1


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("import re\nfrom decimal import Decimal\nfrom shop.boundary import QuoteInput", ()),
        ("from backwright_runtime.safe import http", ("http",)),
        ("from backwright_runtime.safe import programs", ("subprocess",)),
        ("from backwright_runtime.safe.files import Folder", ("files",)),
        ("class Line:\n    def total(self):\n        return self._price", ()),
        ("import osmium\nimport httpxx", ()),
    ],
)
def test_what_is_declared_is_allowed(text: str, uses: tuple[str, ...], tmp_path: Path) -> None:
    assert reached(text, tmp_path, *uses) == []


def test_trusted_logic_may_use_the_database_and_no_code_from_data(tmp_path: Path) -> None:
    text = "from shop.repositories import orders\nimport asyncpg\nimport pickle"
    assert reached(text, tmp_path, trusted="the forecast sees all tenants") == ["pickle"]


def test_a_stub_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "quote.py"
    for text, written in (
        ("async def quote(given):\n    raise NotWritten", False),
        ("async def quote(given):\n    raise NotImplementedError('later')", False),
        ("async def other(given):\n    return 1", False),
        ("async def quote(given):\n    return given", True),
    ):
        path.write_text(text, encoding="utf-8")
        assert is_written(path, "quote") is written


# In a delivered project ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> Model:
    return build(read(Project(CASE)))


@pytest.fixture(scope="module")
def delivered(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(model, tmp_path_factory.mktemp("delivered"))


def test_the_gate_fails_until_every_function_is_written(
    model: Model, delivered: Project, tmp_path: Path
) -> None:
    found = judged(gate, GateInput(project=delivered, model=model, build="b"))
    assert found.status == "failed"
    assert [each.what for each in found.findings] == [
        "`quote_price` is not written",
        "`risk_of` is not written",
    ]
    for name in ("quote_price", "risk_of"):
        path = delivered.root / "shop" / "logic" / f"{name}.py"
        stub = path.read_text(encoding="utf-8")
        path.write_text(stub.replace("raise NotWritten", "return None"), encoding="utf-8")
    assert judged(gate, GateInput(project=delivered, model=model, build="b")).status == "passed"


def test_server_and_reference_agree(model: Model, delivered: Project, database_url: str) -> None:
    agrees(delivered, model, database_url, requests=700, seconds=60)


BROKEN = (
    Broken("the voucher is not passed on", "services/quotes.py", "voucher=given(body.voucher, None)", "voucher=None"),
    Broken("the risk is always asked for", "services/orders.py", 'if price.total > Decimal("100.0"):', "if True:"),
    Broken("what comes out is not looked at", "services/orders.py", "discount=price.discount", "discount=price.total"),
)  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_wrong_call_is_noticed(
    broken: Broken, model: Model, delivered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 0.5)
    project = broken_copy(delivered, "shop", tmp_path / "project", broken)
    found = compared(project, model, f"sqlite:///{tmp_path}/service.db", requests=1500, seconds=60)
    assert not found.agrees


def test_logic_is_part_of_the_snapshot(model: Model) -> None:
    assert msgspec.json.decode(msgspec.json.encode(model), type=Model) == model
