"""The contract that was handed over: a file of the project, read with the specification."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from backwright.review.contract.document import Unreadable, files, opened
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, ContractNode, DeviationNode
from backwright.spec.raw import Items, Table
from backwright.spec.reader.places import inside
from backwright.spec.reader.raws import required, text

UNREADABLE = register(
    "BW125",
    "A contract that cannot be read",
    "Whether a service keeps a contract is only known of one that is there: an OpenAPI description, 3.0 or 3.1, in "
    "files of the project.",
    "service: {contract: contract/openpai.yaml}",
)


def read_contract(table: Table) -> ContractNode | None:
    """`service.contract`: a path, or a table with what may be otherwise."""
    path = text(table, "contract")
    if path is not None:
        return ContractNode(place=path.place, file=path)
    found = table.get("contract")
    if not isinstance(found, Table):
        return None
    deviations = found.get("deviations")
    return ContractNode(
        place=found.place,
        file=required(found, "file"),
        deviations=tuple(_deviation(item) for item in deviations.items if isinstance(item, Table))
        if isinstance(deviations, Items)
        else (),
    )


def _deviation(table: Table) -> DeviationNode:
    return DeviationNode(
        place=table.place,
        rule=required(table, "rule"),
        operation=text(table, "operation"),
        at=text(table, "at"),
        reason=required(table, "reason"),
    )


def with_digest(contract: ContractNode, root: Path) -> ContractNode | Diagnostic:
    """The contract with the digest of its files, so that another text of it is another specification."""
    folder = root.resolve()
    file = inside(folder, contract.file, UNREADABLE, "contract/openapi.yaml")
    if isinstance(file, Diagnostic):
        return file
    try:
        read = files(opened(file, contract.file.value, folder))
        digest = hashlib.sha256()
        for path in read:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    except (Unreadable, OSError) as error:
        return _unreadable(contract.file, str(error))
    return msgspec.structs.replace(contract, sha256=digest.hexdigest())


def _unreadable(file: At[str], reason: str) -> Diagnostic:
    return diagnose(UNREADABLE, file.place, reason, "correct the file, or name the one that is meant")
