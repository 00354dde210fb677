"""What is reviewed of a folder or of a change, and how the command answers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backwright.cli import app
from backwright.review.files import NotReviewable, review

UPDATE = "UPDATE orders SET status = 'new';\n"
API = """openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /a: {$ref: 'paths.yaml#/a'}
"""
PATHS = "a:\n  get:\n    parameters:\n%s    responses: {'200': {description: Done.}}\n"
PARAMETER = "      - {name: q, in: query, required: %s, schema: {type: string}}\n"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t.example"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "old.sql").write_text(UPDATE, "utf-8")
    (tmp_path / "more.sql").write_text(UPDATE, "utf-8")
    (tmp_path / "api.yaml").write_text(API, "utf-8")
    (tmp_path / "paths.yaml").write_text(PATHS % (PARAMETER % "false"), "utf-8")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def names(folder: Path, against: str | None = None) -> list[tuple[str, str, int]]:
    return [(Path(f.file).name, f.name, f.line) for f in review(folder, against).findings]


def test_only_lines_that_changed_are_judged_against_a_commit(repository: Path) -> None:
    assert len(names(repository)) == 2
    assert names(repository, "HEAD") == []
    (repository / "more.sql").write_text(UPDATE + "DELETE FROM sessions;\n", "utf-8")
    (repository / "new.sql").write_text(UPDATE, "utf-8")
    rule = "backfill-without-batches"
    assert names(repository, "HEAD") == [("more.sql", rule, 2), ("new.sql", rule, 1)]


def test_a_contract_that_changed_is_compared_with_what_it_was(repository: Path) -> None:
    (repository / "api.yaml").write_text(
        API + "  /b: {get: {responses: {'200': {description: D.}}}}\n", "utf-8"
    )
    (repository / "paths.yaml").write_text(PATHS % (PARAMETER % "true"), "utf-8")
    (finding,) = review(repository, "HEAD").findings
    assert (finding.id, finding.name, finding.severity) == ("CD203", "parameter-requirement-changed", "error")
    assert "GET /a" in finding.message


@pytest.mark.parametrize("against", ["nothing-of-this-name", "--output=x"])
def test_a_commit_that_is_not_there_is_said(repository: Path, against: str) -> None:
    with pytest.raises(NotReviewable):
        review(repository, against)


def test_tests_and_environments_and_other_databases_are_left_out(tmp_path: Path) -> None:
    code = 'def find(db, name):\n    db.execute(f"SELECT a FROM t WHERE b = {name}")\n'
    for name in ("tests/a.py", "test_a.py", ".venv/a.py", "node_modules/a.py", "conftest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code, "utf-8")
    for name in ("1.up.sqlite.sql", "1_down.sql", "U2__x.sql"):
        (tmp_path / name).write_text(UPDATE, "utf-8")
    assert names(tmp_path) == []
    (tmp_path / "a.py").write_text(code, "utf-8")
    assert [name for name, *_ in names(tmp_path)] == ["a.py"]


def test_the_fields_of_a_django_model_are_known_from_earlier_migrations(tmp_path: Path) -> None:
    start = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    operations = "
    first = '[migrations.CreateModel("Order", fields=[("a", models.CharField(max_length=9, null=True))])]\n'
    second = '[migrations.AlterField("order", "a", models.CharField(max_length=%s))]\n'
    (tmp_path / "0001_first.py").write_text(start + first, "utf-8")
    (tmp_path / "0002_second.py").write_text(start + second % 20, "utf-8")
    (tmp_path / "0003_third.py").write_text(start + second % 5, "utf-8")
    assert [(f, n) for f, n, _ in names(tmp_path)] == [
        ("0002_second.py", "set-not-null"),
        ("0003_third.py", "column-type-changed"),
    ]


def test_the_command_exits_with_1_for_errors_and_with_strict_for_warnings(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    run = CliRunner().invoke
    path.write_text("ALTER TABLE orders ADD COLUMN note text;\n", "utf-8")
    assert run(app, ["review", str(path)]).exit_code == 0
    assert run(app, ["review", str(path), "--strict"]).exit_code == 1
    path.write_text(UPDATE, "utf-8")
    answered = run(app, ["review", str(path), "--json"])
    assert answered.exit_code == 1
    (finding,) = json.loads(answered.stdout)["findings"]
    assert (finding["line"], finding["column"], finding["severity"]) == (1, 1, "error")
    assert run(app, ["review", str(tmp_path / "none")]).exit_code == 2
    assert run(app, ["review", str(path), "--against", "HEAD"]).exit_code == 2


ROUTES = """from fastapi import APIRouter, Depends

router = APIRouter()


@router.get("/orders/mine")
def mine(user=Depends(get_current_user)):
    return user.orders(limit=9)


@router.delete("/orders/{order_id}")
def remove(order_id: int):
    return None
"""


@pytest.mark.parametrize(
    ("main", "found"),
    [
        ("app.include_router(orders.router)", ["endpoint-without-authentication"]),
        (
            "app.include_router(orders.router, dependencies=[Depends(get_db)])",
            ["endpoint-without-authentication"],
        ),
        ("app.include_router(orders.router, dependencies=[Depends(verify_token)])", []),
        (
            "app.include_router(items.router, dependencies=[Depends(verify_token)])",
            ["endpoint-without-authentication"],
        ),
        ("app = FastAPI(dependencies=[Depends(verify_token)])", []),
        ("app.add_middleware(AuthMiddleware)", []),
    ],
)
def test_routers_may_be_protected_where_they_are_included(
    tmp_path: Path, main: str, found: list[str]
) -> None:
    (tmp_path / "orders.py").write_text(ROUTES, "utf-8")
    (tmp_path / "main.py").write_text(main + "\n", "utf-8")
    assert [name for _, name, _ in names(tmp_path)] == found
