"""The documentation of the rules, made of the rules and of the cases that they are measured on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backwright.review import suppress
from backwright.review.contract import rules as contract_rules
from backwright.review.python import rules as python_rules
from backwright.review.rule import Rule
from backwright.review.sql import rules as sql_rules

TOOLS = {"oasdiff": "oasdiff", "openapi_diff": "openapi-diff"}

# What squawk calls the same hazard; its other rules (robust statements, types, statement timeouts) have none here.
SQUAWK = {
    "index-not-concurrent": {"require-concurrent-index-creation"},
    "concurrently-in-transaction": {"ban-concurrent-index-creation-in-transaction"},
    "index-change-not-concurrent": {"require-concurrent-index-deletion", "require-concurrent-reindex"},
    "column-default-rewrites": {"adding-field-with-default", "prefer-identity"},
    "not-null-without-default": {"adding-required-field"},
    "set-not-null": {"adding-not-nullable-field"},
    "column-type-changed": {"changing-column-type"},
    "column-renamed": {"renaming-column"},
    "table-renamed": {"renaming-table"},
    "column-dropped": {"ban-drop-column"},
    "table-dropped": {"ban-drop-table", "ban-drop-view", "ban-drop-database"},
    "foreign-key-validated-at-once": {"adding-foreign-key-constraint"},
    "check-validated-at-once": {"constraint-missing-not-valid"},
    "unique-without-index": {"disallowed-unique-constraint", "adding-serial-primary-key-field"},
    "validated-in-same-transaction": {"constraint-missing-not-valid"},
    "no-lock-timeout": {"require-lock-timeout"},
    "truncate": {"ban-truncate-cascade"},
    "enum-value-removed": {"renaming-object"},
}


def contract_diff(cases: Path) -> str:
    """The page of `backwright contract diff`."""
    parts = [
        "# Comparing contracts",
        "`backwright contract diff A B` compares two OpenAPI descriptions (3.0 or 3.1, YAML or JSON, `$ref`\n"
        "also into local files) and says what clients of A notice of B. Each change is breaking, potentially\n"
        "breaking or compatible, and has its place in both files (JSON pointer and line). Exit codes: 0 nothing\n"
        "breaks, 1 something does, 2 a file cannot be compared. Written by `scripts/write_docs.py`.",
        "## How it decides",
        "A schema is the set of its valid values. A client writes requests, so it is broken when fewer values\n"
        "are valid (a bound, a required member, a list without a value). It reads responses, so it is broken\n"
        "when more are possible (a value, a type, null). `allOf` is merged before it is compared, so that it\n"
        "does not matter how the same conditions are spelt; `nullable`, a list of types and a branch `{type:\n"
        "'null'}` are one thing. A schema that several operations use is one change, with all of them. Clients\n"
        "are taken to ignore members that they do not know.",
        "Not looked at: callbacks, webhooks, links, examples, OpenAPI 2 and 3.2; `$ref` to other hosts is refused.",
        *_agreement(cases),
        "## Rules",
        *_described(contract_rules.RULES.values(), "What clients notice"),
    ]
    return "\n\n".join(parts) + "\n"


def _agreement(cases: Path) -> Iterator[str]:
    expected = {path.parent.name: _json(path) for path in sorted(cases.glob("*/expected.json"))}
    verdicts = [case["verdict"] for case in expected.values()]
    yield "## Agreement"
    yield (
        f"`tests/cases/contract-diff/` holds {len(expected)} pairs of contracts, each with a verdict that was\n"
        f"written by hand before the comparison ran: {verdicts.count('breaking')} breaking,\n"
        f"{verdicts.count('potential')} potentially breaking, {verdicts.count('compatible')} compatible. A test\n"
        "holds the comparison to all of them. Where two well-known tools publish what they say of the same kind\n"
        "of change (their documented checks and the names of their test files, not a run of theirs), the case\n"
        "records it:"
    )
    rows = ["| tool | cases | the same verdict | one says breaking, the other not |", "|---|---|---|---|"]
    for tool, shown in TOOLS.items():
        said = [(case["verdict"], case[tool]) for case in expected.values() if tool in case]
        same = sum(ours == theirs for ours, theirs in said)
        apart = sum((ours == "breaking") != (theirs == "breaking") for ours, theirs in said)
        rows.append(f"| {shown} | {len(said)} | {same} ({same / max(1, len(said)):.0%}) | {apart} |")
    yield "\n".join(rows)
    yield "openapi-diff knows two verdicts only, so a change that is potentially breaking here never agrees with it."
    lines = ["| case | here | oasdiff | openapi-diff | why |", "|---|---|---|---|---|"]
    for name, case in expected.items():
        if "because" in case:
            others = " | ".join(case.get(tool, "") for tool in TOOLS)
            lines.append(f"| {name} | {case['verdict']} | {others} | {case['because']} |")
    yield "\n".join(lines)
    yield (
        "Cases that come from a mend show nothing of the next contract. So 26 more pairs were written later, with\n"
        "their verdicts, before any of them was compared: 16 were judged as expected at first, 23 after mending\n"
        "(those are cases now). Bounds of whole numbers, a range and its list, alternatives within one schema,\n"
        "conditions that can only exclude (`not`, `dependentRequired`) and parameters that became documents were\n"
        "mended. Of the other three, one verdict had been wrong (a pattern implies more than its length); a range\n"
        "of errors (`4XX`) that becomes two of them counts as an error that is gone, potentially breaking; and\n"
        "`nullable` beside a list without null counts as null, as most readers have it, though OpenAPI 3.0.3 says\n"
        "otherwise."
    )


def review(cases: Path) -> str:
    """The page of `backwright review`."""
    parts = [
        "# Reviewing what was not built here",
        "`backwright review PATH` judges a file or a folder: migrations in PostgreSQL's SQL, of Alembic and of\n"
        "Django, and the code of Python backends (FastAPI, Flask, Django REST). `--against REF`\n"
        "judges only lines that changed since a commit of git, and compares contracts that changed with what\n"
        "they were ([contract-diff.md](contract-diff.md)). Nothing is run or imported. Exit codes: 0 no errors,\n"
        "1 errors (with `--strict` also warnings), 2 no such path or commit. Written by\n"
        "`scripts/write_docs.py`.",
        "A comment `# backwright: ignore[RULE] reason` (in SQL: `--`) on the line, or alone on the line above\n"
        "it, silences a rule by id or name. Without a reason it has no effect and is a finding itself.",
        "Left out: tests, what goes back (down files and sections), files for other databases by their name\n"
        "(`….sqlite.sql`), virtual environments, links. Statements inside of functions and DO blocks are not\n"
        "read. What is looked for in Python is what can be seen in one module, and which routers other modules\n"
        "protect; a helper that limits rows to the caller is known by its name only. Review a whole project\n"
        "rather than single files.",
        *_measured(cases),
        "## All files",
        *_described(suppress.RULES, "What happens"),
        "## Migrations",
        *_described(sql_rules.RULES.values(), "What happens"),
        "## Code",
        *_described(python_rules.RULES.values(), "What happens"),
    ]
    return "\n\n".join(parts) + "\n"


def _measured(cases: Path) -> Iterator[str]:
    files = [path for path in cases.glob("*/*") if path.is_file()]
    bad = sum(path.name.startswith("bad") for path in files)
    yield "## Measured"
    yield (
        f"`tests/cases/review/` has a folder for each rule: {bad} files that break it, {len(files) - bad} twins\n"
        "that do not. A test holds that every bad one is found and that no rule finds anything in a good one.\n"
        "They were written with the rules, so they show that the rules do what they say, not how precise they\n"
        "are on code of others."
    )
    squawk = _json(cases / "squawk.json")
    yes = [(rule in names) for rule, names in _shared(squawk)]
    yield (
        f"Of the {len(yes)} bad files in SQL whose rule squawk has too, squawk finds {sum(yes)} by that rule (a\n"
        "test runs it). The rules that squawk has and these do not: IF EXISTS in every statement, types,\n"
        "identity columns, statement timeouts, dropped constraints, defaults and NOT NULL. What these have and\n"
        "squawk does not: changes of all rows, VACUUM FULL and the like, values of enumerations, migrations\n"
        "without a reverse; and tables that the same file creates are left out."
    )
    yield (
        "35 migrations (SQL and Alembic: batches, loops, helpers, f-strings, several statements in one call) were\n"
        "written later, each with the findings expected of it, before any was judged: 32 as expected at first.\n"
        "The other three are meant: a type that is made anew is a finding, and dropping the old one is none\n"
        "besides (it fails while a column has it); so is a new column without a default that refers to another\n"
        "table, since all its values are null. The 32 are in `tests/cases/migrations/`."
    )


def _shared(squawk: dict[str, list[str]]) -> Iterator[tuple[str, set[str]]]:
    """The rule of each bad file that squawk has a rule for, and our names of the rules by which squawk finds it."""
    for file, names in squawk.items():
        rule, _, name = file.partition("/")
        if rule in SQUAWK and name.startswith("bad"):
            yield rule, {ours for ours, theirs in SQUAWK.items() if theirs & set(names)}


def _described(rules: Iterable[Rule], happens: str) -> Iterator[str]:
    for rule in rules:
        yield f"### {rule.id} `{rule.name}`: {rule.title}"
        why = f"{rule.why}; of who reads answers: {rule.read}" if rule.read else rule.why
        yield f"{happens}: {why}."
        yield f"Decides: {rule.decides}"
        yield f"Example: {rule.example}"
        yield f"Mend: {rule.mend}."


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
