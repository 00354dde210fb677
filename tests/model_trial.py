"""A specification from end to end: built, judged by gates, and what came of it as a list of defects."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from backwright.migrate.disposable import beside
from backwright.model.build import examine
from backwright.model.types import Model
from backwright.pipeline import build
from backwright.pipeline.checking import Blocked
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError
from backwright.verify.gate import DatabaseName, Gate, GateInput
from backwright.verify.gates import behaviour, contract, lint, migrations, types, unit
from backwright.verify.judging import judged

GATES: dict[str, Gate] = {gate.NAME: gate for gate in (lint, types, contract, migrations, unit, behaviour)}  # type: ignore[misc]
__all__ = ["GATES", "Defect", "accepted", "beside", "closing", "trial"]


class Defect(msgspec.Struct, frozen=True):
    """What went wrong: in which stage, in short, and at length."""

    stage: str
    what: str
    detail: str = ""


def accepted(text: str, root: Path) -> Model | Defect | None:
    """The model of a specification; None where the checker refuses it, a defect where it breaks."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "backwright.yaml").write_text(text, encoding="utf-8")
    try:
        model, found = examine(read(Project(root)))
    except SpecificationError:
        return None
    except Exception as error:  # whatever it is, it is what this looks for
        return Defect("check", f"{type(error).__name__}: {error}", traceback.format_exc())
    return None if any(each.severity == "error" for each in found) else model


def trial(root: Path, gates: Sequence[str], databases: Sequence[DatabaseName], requests: int) -> list[Defect]:
    """Build the accepted specification in `root`, and every gate's findings."""
    try:
        built = build(Project(root))
    except SpecificationError as error:
        first = error.diagnostics[0]
        return [Defect("build", f"{first.code}: {first.message}")]
    except Blocked as blocked:
        return [Defect("build", f"blocked: {blocked}")]
    except Exception as error:  # whatever it is, it is what this looks for
        return [Defect("build", f"{type(error).__name__}: {error}", traceback.format_exc())]
    defects = []
    for name in gates:
        gate = GATES[name]
        for database in databases if gate.DATABASE else (None,):
            given = GateInput(
                project=Project(root),
                model=built.model,
                build=built.build,
                database=database,
                requests=requests,
            )
            try:
                result = judged(gate, given)
            except Exception as error:  # whatever it is, it is what this looks for
                defects.append(Defect(name, f"{type(error).__name__}: {error}", traceback.format_exc()))
                continue
            stage = f"{name} on {database}" if database else name
            if result.status != "passed" and not (
                name == "behaviour" and "% of the requests" in result.summary
            ):
                replay = "\n".join(f"{each.where}: {each.what}\n{each.replay}" for each in result.findings)
                defects.append(Defect(stage, result.summary, replay))
    return defects
