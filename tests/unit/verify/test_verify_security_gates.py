"""The security gates go red: on dangerous code, on secrets in files, and on secrets in the log."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec
import pytest
from built_project import Broken, broken_copy, built
from models import todos

from backwright.project import Project
from backwright.verify.gate import Gate, GateInput
from backwright.verify.gates import log_redaction, secrets, static_analysis
from backwright.verify.judging import judged
from backwright.verify.observed import Bounds, Exchange, Observed
from backwright.verify.results import GateResult

LOGS = Broken(
    name="logs the body",
    file="services/auth.py",
    right='    """POST /auth/register."""\n',
    wrong='    import logging\n    logging.getLogger("x").warning("in: %s", body.email)\n',
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return built(todos(), tmp_path)


def result(gate: ModuleType, project: Project) -> GateResult:
    given = GateInput(
        project=project, model=todos(), build="abc", database="sqlite" if gate.DATABASE else None
    )
    return judged(cast("Gate", gate), given)


def test_dangerous_code_in_logic_is_found(project: Project) -> None:
    assert result(static_analysis, project).status == "passed"
    logic = project.root / "todos" / "logic" / "rules.py"
    logic.write_text("def price(text: str) -> object:\n    return eval(text)\n", "utf-8")
    found = result(static_analysis, project)
    assert found.status == "failed"
    assert found.findings[0].where == "todos/logic/rules.py:2"
    logic.write_text("def price(text: str) -> object:\n    return eval(text)  # nosec B307\n", "utf-8")
    found = result(static_analysis, project)
    assert (found.status, found.figures["exceptions"]) == ("passed", 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deploy.yaml", "url: postgresql://app:h4rdt0guess@db.internal/app\n"),  # pragma: allowlist secret
        ("key.pem", "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n"),
        ("todos/logic/pay.py", 'KEY = "' + "q8Zr5TnX2vLk9Wb3Yc7Hd1Mf6Pj4Sg0A" + '"\n'),
        ("notes.md", "AKIA" + "IOSFODNN7QWERTYU" + "\n"),
        (".env", "A=b\n"),
    ],
)
def test_a_secret_in_a_file_is_found(project: Project, name: str, text: str) -> None:
    (project.root / name).write_text(text, "utf-8")
    found = result(secrets, project)
    assert found.status == "failed"
    assert found.findings[0].where.startswith(name)


def test_a_project_as_it_is_delivered_has_none(project: Project) -> None:
    assert result(secrets, project).status == "passed"


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def test_what_git_ignores_is_left_out_unless_it_is_tracked(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for name in ("local.pem", "kept.pem", "new.txt", "größe.txt", ".env"):
        (tmp_path / name).write_text("x", "utf-8")
    git(tmp_path, "add", "kept.pem")
    (tmp_path / ".gitignore").write_text("*.pem\n.env\n", "utf-8")
    assert [path.name for path in secrets.files(tmp_path)] == [
        ".gitignore",
        "größe.txt",
        "kept.pem",
        "new.txt",
    ]


def test_without_a_repository_every_file_is_looked_at(tmp_path: Path) -> None:
    project = tmp_path / "out" / "project"
    project.mkdir(parents=True)
    (project / ".gitignore").write_text("*.pem\n", "utf-8")
    (project / "local.pem").write_text("x", "utf-8")
    assert [path.name for path in secrets.files(project)] == [".gitignore", "local.pem"]
    git(tmp_path, "init", "-q")
    assert [path.name for path in secrets.files(project)] == [".gitignore"]
    (tmp_path / ".gitignore").write_text("out/\n", "utf-8")  # the whole project: no repository of its own
    assert [path.name for path in secrets.files(project)] == [".gitignore", "local.pem"]


def test_a_mail_address_in_the_log_is_found(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    right = result(log_redaction, project)
    assert right.status == "passed", right.summary
    assert int(right.figures["lines"]) > 50
    broken = broken_copy(project, "todos", tmp_path_factory.mktemp("broken"), LOGS)
    app = broken.root / "todos" / "app.py"
    printing = '    print(__import__("os").environ["TOKEN_KEYS"], flush=True)\n    return Application('
    app.write_text(app.read_text("utf-8").replace("    return Application(", printing), "utf-8")
    wrong = result(log_redaction, broken)
    assert wrong.status == "failed"
    told = [(each.what, each.where) for each in wrong.findings]
    assert told[0][0] == "the log has a value of email"
    assert told[-1] == ("the log has a value of TOKEN_KEYS", "the environment")
    assert "@" not in wrong.summary


def test_what_is_too_short_to_be_a_secret_is_not_looked_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("GET /things\n", "utf-8")
    broken = Exchange(
        operation="GET /things", caller="", method="GET", target="/things", headers={"authorization": "Bearer "},
        content=None, status=401,
    )  # fmt: skip
    whole = msgspec.structs.replace(broken, headers={"authorization": "Bearer abcdefghijkl"})
    seen = Observed(name="x", url="", contract={}, callers=(), exchanges=(broken, whole), log=log)
    assert log_redaction.observe(seen, Bounds()).status == "passed"
    log.write_text("GET /things abcdefghijkl\n", "utf-8")
    assert log_redaction.observe(seen, Bounds()).status == "failed"


def test_a_secret_setting_in_the_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("asking the partner\n", "utf-8")
    given = {"RATES_KEY": "q8Zr5TnX2vLk", "TOKEN_KEYS": "first:9Wb3Yc7Hd1Mf"}  # pragma: allowlist secret
    seen = Observed(name="x", url="", contract={}, callers=(), exchanges=(), log=log, given_secrets=given)
    assert log_redaction.observe(seen, Bounds()).status == "passed"
    log.write_text("asking the partner with q8Zr5TnX2vLk, signed by 9Wb3Yc7Hd1Mf\n", "utf-8")
    told = log_redaction.observe(seen, Bounds())
    assert [each.what for each in told.findings] == [
        "the log has a value of RATES_KEY",
        "the log has a value of TOKEN_KEYS",
    ]
    assert "q8Zr5" not in told.summary
