"""Custom logic is written, and reaches for nothing that was not declared."""

from __future__ import annotations

from backwright.verify.confinement import is_written, reaches
from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.results import Finding

NAME = "logic"
TITLE = "Custom logic is written, within its bounds"
WHY = "What the specification does not determine is written by hand, and can go past every rule that is generated."
EXAMPLE = "A function imports a repository without `trusted`, or still raises NotWritten: failed, with file and line."
DATABASE = False


def judge(given: GateInput) -> Verdict:
    """Each declared function is there; imports and calls in `logic/` are held against `uses` and `trusted`.

    Read from the source: it finds what is written, and cannot confine a process.
    """
    model, root = given.model, given.project.root
    folder = root / model.service.package / "logic"
    findings: list[Finding] = []
    for logic in model.logic:
        path = folder / f"{logic.name}.py"
        where = path.relative_to(root).as_posix()
        if not path.is_file():
            findings.append(Finding(what=f"`{logic.name}` is missing: build again", where=where))
        elif not _parses(path.read_text(encoding="utf-8")) or not is_written(path, logic.name):
            findings.append(Finding(what=f"`{logic.name}` is not written", where=where))
    modules = sorted(path for path in folder.rglob("*.py") if path.is_file())
    for path in modules:
        where = path.relative_to(root).as_posix()
        try:
            for reach in reaches(path, model.service.package, model.logic):
                findings.append(Finding(what=f"{reach.what}: {reach.why}", where=f"{where}:{reach.line}"))
        except SyntaxError as error:
            findings.append(Finding(what=f"no Python: {error.msg}", where=f"{where}:{error.lineno}"))
    trusted = sum(logic.trusted is not None for logic in model.logic)
    figures: dict[str, int | float | str] = {"functions": len(model.logic), "trusted": trusted}
    told = f"{len(model.logic)} functions, {trusted} of them trusted" if model.logic else "none is declared"
    return found(findings, told, figures)


def _parses(text: str) -> bool:
    try:
        compile(text, "", "exec")
    except SyntaxError:
        return False
    return True
