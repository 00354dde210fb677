"""Whether a build keeps the contract that was handed over, but for what was agreed to be otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from backwright.model.types import Deviation, HandedOver
from backwright.project import Project
from backwright.review.contract.conformance import Conformance, conformance
from backwright.review.contract.document import Unreadable
from backwright.review.contract.findings import Change
from backwright.verify.results import Finding


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, in a sentence, and as figures."""

    findings: tuple[Finding, ...]
    summary: str
    figures: dict[str, int | float | str]


def kept_contract(contract: HandedOver, project: Project, document: Path) -> Kept:
    """How far the description of what was built keeps the contract."""
    built = document.relative_to(project.root).as_posix()
    try:
        compared = conformance(project.root / contract.file, document, contract.file, built, project.root)
    except Unreadable as error:
        return Kept(findings=(Finding(what=str(error), where=contract.file),), summary="", figures={})
    agreed = [each for each in compared.deviations if any(_is_of(d, each) for d in contract.deviations)]
    findings = [_finding(each) for each in compared.deviations if each not in agreed]
    findings += _idle(contract, agreed)
    return Kept(
        findings=tuple(findings),
        summary=_summary(contract, compared, len(agreed)),
        figures={
            "contract operations": compared.operations,
            "contract deviations": len(compared.deviations) - len(agreed),
            "contract deviations agreed": len(agreed),
            "contract leaves open": len(compared.decisions),
            "contract not compared": len(compared.undecided),
        },
    )


def _summary(contract: HandedOver, compared: Conformance, agreed: int) -> str:
    kept = len(compared.deviations) - agreed
    said = [f"{contract.file} ({compared.operations} operations) is {'kept' if not kept else 'not kept'}"]
    said += [f"{agreed} deviations agreed"] if agreed else []
    said += (
        [f"{len(compared.decisions)} limits and defaults of what it leaves open"]
        if compared.decisions
        else []
    )
    said += [f"{len(compared.undecided)} conditions not compared"] if compared.undecided else []
    return ", ".join(said)


def _is_of(deviation: Deviation, change: Change) -> bool:
    return deviation.rule == change.id and deviation.operation in (None, *change.operations)


def _finding(change: Change) -> Finding:
    places = " → ".join(str(place) for place in (change.before, change.after) if place is not None)
    operations = ", ".join(change.operations) or "the whole contract"
    return Finding(what=f"{change.id} {change.name}: {operations}: {change.message}", where=places)


def _idle(contract: HandedOver, agreed: list[Change]) -> Iterator[Finding]:
    """Deviations that were agreed to and are none: what is written down has to be true."""
    for each in contract.deviations:
        if not any(_is_of(each, change) for change in agreed):
            of = f" of {each.operation}" if each.operation else ""
            yield Finding(
                what=f"the deviation {each.rule}{of} is agreed to, and there is none", where=contract.file
            )
