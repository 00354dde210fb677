"""Each rule of `review` on its twins: a folder for each in `tests/cases/review/`, with files bad… and good….

`squawk.json` is what squawk finds in the SQL among them; BACKWRIGHT_UPDATE_CASES=1 rewrites it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backwright.review import pages, suppress
from backwright.review.files import review
from backwright.review.python import rules as python_rules
from backwright.review.sql import rules as sql_rules

CASES = Path(__file__).parents[2] / "cases" / "review"
MIGRATIONS = CASES.parent / "migrations"
"""Migrations of which several things are wrong, or none; expected.json was written before they were judged."""
FILES = sorted(path for path in CASES.glob("*/*") if path.is_file())
ALL_RULES = {*sql_rules.RULES, *python_rules.RULES, *(rule.name for rule in suppress.RULES)}


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", [p for p in FILES if p.name.startswith("bad")], ids=named)
def test_a_bad_file_is_found_by_its_rule_and_by_no_other(path: Path) -> None:
    found = {finding.name for finding in review(path).findings}
    assert path.parent.name in found
    assert found - {path.parent.name} <= (
        {"backfill-without-batches"} if "ignored" in path.parent.name else set()
    )


@pytest.mark.parametrize("path", [p for p in FILES if not p.name.startswith("bad")], ids=named)
def test_nothing_is_found_in_a_good_file(path: Path) -> None:
    assert review(path).findings == ()


@pytest.mark.parametrize(("file", "expected"), json.loads((MIGRATIONS / "expected.json").read_text()).items())
def test_a_migration_has_exactly_the_findings_that_were_expected_of_it(
    file: str, expected: list[str]
) -> None:
    assert sorted({finding.name for finding in review(MIGRATIONS / file).findings}) == expected


def test_every_rule_has_both_twins() -> None:
    for start in ("bad", "good"):
        assert {path.parent.name for path in FILES if path.name.startswith(start)} == ALL_RULES


def test_ids_are_not_given_twice() -> None:
    rules = [*sql_rules.RULES.values(), *python_rules.RULES.values(), *suppress.RULES]
    assert len({rule.id for rule in rules}) == len(rules)


@pytest.mark.parametrize("remedy", ["ignore[{id}] ten rows", "ignore[{name}] ten rows"])
def test_every_finding_of_a_bad_file_can_be_ignored_with_a_reason(tmp_path: Path, remedy: str) -> None:
    for path in FILES:
        if not path.name.startswith("bad") or path.parent.name in {
            "ignored-without-reason",
            "not-read",
            "no-reverse",
        }:
            continue
        lines = path.read_text("utf-8").splitlines()
        for finding in review(path).findings:
            sign = "--" if path.suffix == ".sql" else "#"
            comment = f" {sign} backwright: {remedy.format(id=finding.id, name=finding.name)}"
            if finding.id not in lines[finding.line - 1]:
                lines[finding.line - 1] += comment
        copy = tmp_path / path.name
        copy.write_text("\n".join(lines) + "\n", "utf-8")
        assert review(copy).findings == (), path


def test_squawk_finds_the_same_hazards_in_sql() -> None:
    files = [path for path in FILES if path.suffix == ".sql"]
    squawk = Path(sys.executable).with_name("squawk")
    done = subprocess.run(
        [str(squawk), "--reporter", "json", "--pg-version", "16", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[str]] = {named(path): set() for path in files}
    for each in json.loads(done.stdout):
        found[named(Path(each["file"]))].add(each["rule_name"])
    kept = CASES / "squawk.json"
    if os.environ.get("BACKWRIGHT_UPDATE_CASES"):
        text = json.dumps({file: sorted(names) for file, names in found.items()}, indent=2) + "\n"
        kept.write_text(text, "utf-8")
    known = json.loads(kept.read_text("utf-8"))
    for file, names in known.items():
        rule = file.partition("/")[0]
        theirs = pages.SQUAWK.get(rule, set())
        assert theirs & set(names) == theirs & found[file], file
