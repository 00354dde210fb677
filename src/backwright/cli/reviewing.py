"""Commands that judge what was not built here: two contracts, and migrations and code. They need no project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backwright.cli.application import JsonOption, app, command, leave
from backwright.console import Exit

contract_app = typer.Typer(no_args_is_help=True, help="Judge contracts (OpenAPI 3.0, 3.1) of any make.")
app.add_typer(contract_app, name="contract")


@contract_app.callback()
def _contract() -> None:
    pass


@contract_app.command("diff")
def contract_diff(
    before: Annotated[
        Path, typer.Argument(metavar="A", help="The contract that clients know: YAML or JSON.")
    ],
    after: Annotated[Path, typer.Argument(metavar="B", help="The contract that replaces it.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Show compatible changes, too (JSON always has them).")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say what the clients of one contract notice of another: breaking, potentially breaking, compatible.

    Exits with 1 when a change breaks clients, with 2 when a file cannot be compared. `docs/contract-diff.md`
    says how each rule decides.
    """
    with command("contract diff", json) as terminal:
        from backwright.review import contract

        try:
            changes = contract.compare(before, after)
        except contract.Unreadable as error:
            terminal.note(str(error))
            leave(terminal, "contract diff", Exit.USAGE, error=str(error), changes=[])
        counts = dict.fromkeys(("breaking", "potential", "compatible"), 0)
        for change in changes:
            counts[change.level] += 1
            if everything or change.level != "compatible":
                terminal.print(contract.as_text(change))
        terminal.print(", ".join(f"{count} {level}" for level, count in counts.items()))
        code = Exit.FOUND if contract.breaks(changes) else Exit.OK
        leave(terminal, "contract diff", code, counts=counts, changes=changes)


@app.command()
def review(
    path: Annotated[
        Path, typer.Argument(help="A file or folder: migrations (SQL, Alembic, Django) and Python.")
    ],
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="REF", help="Only what changed since this commit; contracts, too."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count like errors.")] = False,
    json: JsonOption = False,
) -> None:
    """Judge migrations and backend code that were not built here. Nothing is run or imported.

    Exits with 1 when there is an error, with 2 when the path or the commit is wrong. `docs/review.md` says how
    each rule decides. A comment `backwright: ignore[RULE] reason` silences one line.
    """
    with command("review", json) as terminal:
        from backwright.review import files
        from backwright.review.findings import as_text

        try:
            done = files.review(path, against)
        except files.NotReviewable as error:
            terminal.note(str(error))
            leave(terminal, "review", Exit.USAGE, error=str(error), findings=[])
        for finding in done.findings:
            terminal.print(as_text(finding))
        errors = sum(finding.severity == "error" for finding in done.findings)
        warnings = len(done.findings) - errors
        terminal.print(f"{errors} errors and {warnings} warnings in {done.files} files")
        code = Exit.FOUND if errors or (strict and warnings) else Exit.OK
        counts = {"errors": errors, "warnings": warnings}
        leave(terminal, "review", code, files=done.files, counts=counts, findings=done.findings)
