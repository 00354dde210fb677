"""What a pack is, what it is made from, and the page that names them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.emit.names import Names
from backwright.handover.addresses import Address
from backwright.handover.evidence import Links
from backwright.model.types import Model
from backwright.report import Report
from backwright.task.wording import clean, code
from backwright.verify.scenarios import Scenario

TITLES = {
    "FE": "Front end: contract and clients",
    "DO": "Operations: runbook and alerts",
    "QA": "Quality assurance: data and scenarios",
}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One build of one service: what packs are made from.

    `contract` is the document of its build. What is claimed of runs is in `report`.
    """

    model: Model
    names: Names
    contract: dict[str, Any]
    scenarios: tuple[Scenario, ...]
    report: Report
    links: Links


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one pack, by their paths inside of it."""

    address: Address
    files: dict[str, str]

    @property
    def folder(self) -> str:
        return self.address.kind.lower()


def head(subject: Subject, address: Address) -> dict[str, object]:
    """What the first lines of every pack say."""
    service = subject.model.service
    return {
        "title": TITLES[address.kind],
        "tasks": ", ".join(address.tasks) or "no task by name: whoever needs it",
        "from_task": "" if subject.report.task is None else subject.report.task.id,
        "service": service.name,
        "version": service.version,
        "build": subject.report.build[:12],
        "package": service.package,
    }


def index(subject: Subject, packs: tuple[Pack, ...]) -> str:
    """`README.md` of the folder: which pack is for whom."""
    return "\n".join(_index(subject, packs)) + "\n"


def _index(subject: Subject, packs: tuple[Pack, ...]) -> Iterator[str]:
    service = subject.model.service
    yield f"# Hand-over of {clean(service.name)} {clean(service.version)}"
    yield ""
    yield f"Build {code(subject.report.build[:12])}. Written by `backwright handover`, which writes it anew for"
    yield "every build: what you add belongs elsewhere. `handover.json` lists every file with its SHA-256."
    yield ""
    yield "| pack | for |"
    yield "| --- | --- |"
    for pack in packs:
        tasks = ", ".join(pack.address.tasks) or "whoever needs it"
        yield f"| [{TITLES[pack.address.kind]}]({pack.folder}/README.md) | {clean(tasks)} |"
