"""The pack for front ends: the contract, a client in two languages, and how to have something to call."""

from __future__ import annotations

import json

from backwright.handover import evidence
from backwright.handover.addresses import Address
from backwright.handover.clients import python, typescript
from backwright.handover.clients.interface import Call, Interface, interface
from backwright.handover.packs import Pack, Subject, head
from backwright.handover.templates import rendered

GATES = ("contract", "conformance", "behaviour", "acceptance")


def pack(subject: Subject, address: Address) -> Pack:
    """The pack with everything that a front end needs to begin."""
    auth, service = subject.model.auth, subject.model.service
    found = interface(subject.contract)
    client = f"{service.package}_client"
    files = {
        "README.md": _readme(subject, address, found, client),
        "openapi.json": json.dumps(subject.contract, indent=2, ensure_ascii=True) + "\n",
        **{f"python/{path}": text for path, text in python.package(found, auth, client).items()},
        **{f"typescript/{path}": text for path, text in typescript.package(found, auth).items()},
    }
    return Pack(address=address, files=files)


def _readme(subject: Subject, address: Address, found: Interface, client: str) -> str:
    auth = subject.model.auth
    return rendered(
        "fe.md.j2",
        {
            **head(subject, address),
            "client": client,
            "distribution": client.replace("_", "-"),
            "calls": [_shown(call) for call in found.calls],
            "first": _first(found),
            "token": auth is not None and auth.cookie is None,
            "cookie": None if auth is None else auth.cookie,
            "evidence": evidence.gates(subject.report, subject.links, GATES),
        },
    )


def _shown(call: Call) -> dict[str, str]:
    return {
        "name": call.name,
        "method": call.method,
        "path": call.path,
        "about": call.about,
        "refusals": ", ".join(str(status) for status in call.refusals if status < 500),
    }


def _first(found: Interface) -> Call | None:
    """A call that needs no values, for an example."""
    plain = [
        call for call in found.calls if call.method == "GET" and not any(p.required for p in call.parameters)
    ]
    return next(iter(plain), None)
