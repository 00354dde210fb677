"""Hand-over packs of the last build."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from backwright import handover
from backwright.emit.contract import contract
from backwright.emit.names import names
from backwright.emit.project import confined
from backwright.handover import place
from backwright.handover.evidence import Links
from backwright.handover.packs import Subject
from backwright.model.types import Model
from backwright.pipeline.checking import Checked, check
from backwright.pipeline.planning import package
from backwright.pipeline.rehearsing import scenarios
from backwright.pipeline.reporting import collected
from backwright.pipeline.tasks import received_card
from backwright.project import Project
from backwright.spec.diagnostics import Place, SpecificationError, diagnose, register
from backwright.task import cards, events

NOT_CURRENT = register(
    "BW941",
    "What is handed over is not what was built",
    "A client of another contract, or data of another model, fails at those who trusted it.",
    "The specification was changed after the last `backwright build`.",
)
FOLDER = "handover"


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, and for whom. `changed`: whether anything was other than before."""

    folder: str
    build: str
    packs: tuple[handover.Address, ...]
    files: tuple[str, ...]
    changed: bool


def hand_over(project: Project, *, to: tuple[str, ...] = (), out: Path | None = None) -> HandedOver:
    """Write the packs for some tasks, or for all who wait for the received one. Raises SpecificationError."""
    package(project)
    checked = check(project)
    log = events.read(project)
    card = received_card(project, log)
    addressed = handover.addresses(card, cards.every(project), to)
    folder = confined(project.root, FOLDER) if out is None else Path(out).absolute()
    place.refuse_foreign(folder)
    subject = _subject(project, checked, log, card, folder)
    files = handover.written(subject, addressed)
    changed = place.put(folder, files)
    return HandedOver(
        folder=str(folder),
        build=subject.report.build,
        packs=addressed,
        files=tuple(sorted(files)),
        changed=changed,
    )


def _subject(
    project: Project, checked: Checked, log: events.Log, card: cards.Card | None, folder: Path
) -> Subject:
    model = checked.model
    called = names(model)
    text = contract(model, called)
    _refuse_outdated(project, model, text)
    return Subject(
        model=model,
        names=called,
        contract=json.loads(text),
        scenarios=tuple(scenarios(project, model)),
        report=collected(project, checked, log, card),
        links=Links(project.root, folder),
    )


def _refuse_outdated(project: Project, model: Model, text: str) -> None:
    path = f"{model.service.package}/openapi.json"
    file = project.root / path
    if not file.is_file() or file.read_text("utf-8") != text:
        message = f"{path} is not the contract of this specification"
        raise SpecificationError(
            [diagnose(NOT_CURRENT, Place(path, 1, 1), message, "run `backwright build` first")]
        )
