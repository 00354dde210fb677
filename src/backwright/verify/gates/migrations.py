"""The newest migration goes up, down and up again on populated tables, and leads to the model's schema."""

from __future__ import annotations

import asyncio

from backwright.migrate.prove import prove
from backwright.verify.gate import GateInput, NotRun, Verdict, database, found
from backwright.verify.results import Finding

NAME = "migrations"
TITLE = "Migrations: up, down, up on populated rows"
WHY = "A rollback that was never run is a hope. Rows are lost in the one step that nobody tried."
EXAMPLE = "After going down, a column has lost its values: failed, with the table's name."
DATABASE = True

ROWS = 1_000


def judge(given: GateInput) -> Verdict:
    """`migrate.prove` on a disposable database with 1,000 rows a table."""
    with database(given.database) as url:
        try:
            proof = asyncio.run(prove(given.project.migrations, url, given.model, ROWS))
        except LookupError as missing:
            raise NotRun(str(missing)) from missing
    findings = [
        Finding(what=f"{check.what}: {wrong}", where=proof.migration)
        for check in proof.checks
        for wrong in check.wrong
    ]
    rows = sum(proof.rows.values())
    figures: dict[str, int | float | str] = {
        "rows": rows,
        "checks": len(proof.checks),
        "migration": proof.migration,
    }
    return found(findings, f"{proof.migration}: {len(proof.checks)} checks on {rows} rows", figures)
