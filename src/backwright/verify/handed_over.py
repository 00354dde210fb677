"""Whether a build keeps the contract that was handed over, but for what was agreed to be otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from backwright.model.types import HandedOver
from backwright.project import Project
from backwright.review.contract.conformance import Conformance, conformance
from backwright.review.contract.document import Unreadable
from backwright.review.contract.findings import Change, Site, Spot
from backwright.verify.agreed import Agreed, words
from backwright.verify.results import Finding

SHOWN = 12
"""How many places one finding names."""


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
    agreed = Agreed(contract.deviations, compared.base)
    left = {
        each: [site for site in each.sites if not agreed.covers(each.id, site.operation, site.at)]
        for each in compared.deviations
    }
    findings = list(_findings(left))
    kept = sum(not sites for sites in left.values())
    findings += _idle(contract, agreed)
    return Kept(
        findings=tuple(findings),
        summary=_summary(contract, compared, kept),
        figures={
            "contract operations": compared.operations,
            "contract deviations": len(compared.deviations) - kept,
            "contract deviations agreed": kept,
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


def _findings(left: dict[Change, list[Site]]) -> Iterator[Finding]:
    """What is not agreed to. The same of one place of the contract is one finding, however often it is met."""
    alike: dict[tuple[str, str, Spot | None], list[tuple[Change, list[Site]]]] = {}
    for change, sites in left.items():
        if sites:
            words = change.message.partition(": ")[2] or change.message
            alike.setdefault((f"{change.id} {change.name}", words, change.before), []).append((change, sites))
    for (name, words, before), found in alike.items():
        places = " → ".join(str(place) for place in (before, found[0][0].after) if place is not None)
        met = [_site(site) for _, each in found for site in each]
        more = f" and {len(met) - SHOWN} more" if len(met) > SHOWN else ""
        yield Finding(what=f"{name}: {', '.join(met[:SHOWN])}{more}: {words}", where=places)


def _site(site: Site) -> str:
    operation = site.operation or "the whole contract"
    return f"{operation} at {site.at}" if site.at else operation


def _idle(contract: HandedOver, agreed: Agreed) -> Iterator[Finding]:
    """Deviations that were agreed to and are none: what is written down has to be true."""
    for each in contract.deviations:
        if each not in agreed.used:
            yield Finding(
                what=f"the deviation {words(each)} is agreed to, and there is none", where=contract.file
            )
