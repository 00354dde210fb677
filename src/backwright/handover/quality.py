"""The pack for quality assurance: data to load, callers, scenarios to replay, and what each operation may answer."""

from __future__ import annotations

import json
from typing import Any

from backwright.emit.contract.requests import MEDIA
from backwright.emit.failures import answer_of, outcomes
from backwright.emit.format import formatted
from backwright.emit.secrets import encrypted_fields
from backwright.handover import evidence, rows
from backwright.handover.addresses import Address
from backwright.handover.packs import Pack, Subject, head
from backwright.handover.replays import Replay, replays
from backwright.handover.rows import Made
from backwright.handover.templates import rendered
from backwright.model.types import Auth, Model, Operation
from backwright.verify.signing import login

GATES = ("acceptance", "unit", "behaviour", "authorization", "contract", "criteria")


def pack(subject: Subject, address: Address) -> Pack:
    """The pack with everything that is needed to test the service from outside."""
    model = subject.model
    found, played = rows.made(model, subject.names), replays(list(subject.scenarios), model)
    called = callers(model, found)
    scripts = formatted({name: rendered(f"{name}.j2", {}) for name in ("load.py", "answers.py")}, "qa")
    files = {
        "README.md": _readme(subject, address, found, played, called),
        "callers.json": _json(called),
        "operations.json": _json([expected(each, model, subject.contract) for each in model.operations]),
        **rows.files(found, model),
        **scripts,
        **{each.file: each.script for each in played if each.script},
    }
    if any(each.script for each in played):
        files["replay.sh"] = rendered("replay.sh.j2", _credentials(model.auth))
    return Pack(address=address, files=files)


def _credentials(auth: Auth | None) -> dict[str, str | None]:
    return {
        "scheme": None if auth is None else auth.scheme,
        "cookie": None if auth is None else auth.cookie,
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


# Callers ----------------------------------------------------------------------------------------------


def callers(model: Model, found: Made) -> list[dict[str, Any]]:
    """The accounts of the data: what each is known by, and the request that signs it in, where there is one."""
    auth, operation = model.auth, login(model)
    if auth is None:
        return []
    return [_caller(row, auth, operation, model) for row in found.of(auth.identity)]


def _caller(row: dict[str, Any], auth: Auth, operation: Operation | None, model: Model) -> dict[str, Any]:
    entity = model.entity(auth.identity)
    said = {
        "entity": auth.identity,
        "key": {name: row[name] for name in entity.keys},
        auth.by: row[auth.by],
        auth.password: row[auth.password],
    }
    if operation is None or operation.body is None:
        return {**said, "sign_in": None}
    kept = entity.field(auth.password).type
    values = {
        field.wire: row[auth.password if field.type == kept else auth.by] for field in operation.body.fields
    }
    return {
        **said,
        "sign_in": {
            "method": operation.method,
            "path": operation.path,
            "content_type": MEDIA[operation.body.media],
            "body": operation.body.whole(values),
        },
    }


# Operations -------------------------------------------------------------------------------------------


def expected(operation: Operation, model: Model, contract: dict[str, Any]) -> dict[str, Any]:
    """An operation and every status that it may answer, with the codes of failures."""
    responses = contract["paths"][operation.path][operation.method.lower()]["responses"]
    failures: dict[str, list[str]] = {}
    for outcome in outcomes(operation, model):
        status = str(answer_of(outcome.category, operation, model.service).status)
        known = failures.setdefault(status, [])
        known += [code for code in outcome.codes if code not in known]
    return {
        "operation": operation.name,
        "method": operation.method,
        "path": operation.path,
        "caller": operation.caller,
        "success": [int(status) for status in responses if int(status) < 400],
        "failure": dict(sorted(failures.items())),
    }


# The page ---------------------------------------------------------------------------------------------


def _readme(
    subject: Subject, address: Address, found: Made, played: list[Replay], called: list[dict[str, Any]]
) -> str:
    model = subject.model
    scenarios = {each.id: each for each in subject.report.scenarios}
    return rendered(
        "qa.md.j2",
        {
            **head(subject, address),
            **_credentials(model.auth),
            "counts": [(each.name, len(found.of(each.name))) for each in model.entities],
            "callers": called,
            "encrypted": bool(encrypted_fields(model)),
            "operations": [expected(each, model, subject.contract) for each in model.operations],
            "scenarios": [
                {
                    "id": each.scenario.id,
                    "title": each.scenario.title,
                    "file": each.file if each.script else "",
                    "reason": each.reason,
                    "runs": evidence.scenario(scenarios.get(each.scenario.id), subject.links),
                }
                for each in played
            ],
            "evidence": evidence.gates(subject.report, subject.links, GATES),
        },
    )
