"""The pack for operations: a runbook, and alerts on the figures that the service tells."""

from __future__ import annotations

from backwright.emit.files import roles, variables
from backwright.handover import evidence
from backwright.handover.addresses import Address
from backwright.handover.alerts import alerts, rules_file
from backwright.handover.packs import Pack, Subject, head
from backwright.handover.templates import MARKER, rendered
from backwright.model.types import Performance
from backwright.report.types import Migration
from backwright_runtime.command import GRACE

GATES = (
    "migrations",
    "load",
    "memory",
    "query-budget",
    "integrity",
    "secrets",
    "vulnerabilities",
    "log-redaction",
)


def pack(subject: Subject, address: Address) -> Pack:
    """The pack with everything that somebody on call needs."""
    files = {
        "README.md": _runbook(subject, address),
        "alerts.yaml": f"# {MARKER}\n{rules_file(subject.model)}",
    }
    return Pack(address=address, files=files)


def _runbook(subject: Subject, address: Address) -> str:
    model, report = subject.model, subject.report
    wanted = model.performance or Performance()
    return rendered(
        "do.md.j2",
        {
            **head(subject, address),
            "grace": GRACE,
            "variables": variables(model),
            "row_level": roles(model),
            "migrations": [_migration(each) for each in report.migrations],
            "proof": evidence.gates(report, subject.links, ("migrations",)),
            "proven": _proven(subject),
            "alerts": alerts(model),
            "target": wanted,
            "slow": [each for each in model.operations if each.p95_ms is not None],
            "evidence": evidence.gates(report, subject.links, GATES),
        },
    )


def _migration(found: Migration) -> dict[str, str]:
    return {
        "name": found.name,
        "steps": "; ".join(found.steps),
        "applied": ", ".join(found.applied) or "not run",
        "rolled_back": ", ".join(found.rolled_back) or "not run",
    }


def _proven(subject: Subject) -> str:
    """On which databases the newest migration went back and forth with rows in it."""
    runs = evidence.ran(subject.report, "migrations")
    return " and ".join(f"{run.database} ({subject.links.artifact(run.link)})" for run in runs)
