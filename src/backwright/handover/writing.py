"""All packs together, as the files of one folder."""

from __future__ import annotations

from typing import assert_never

from backwright.handover import frontend, operations, place, quality
from backwright.handover.addresses import Address
from backwright.handover.packs import Pack, Subject, index


def written(subject: Subject, addresses: tuple[Address, ...]) -> dict[str, str]:
    """Every file by its path in the folder: the same for the same specification, build and results."""
    packs = tuple(_pack(subject, address) for address in addresses)
    files = {"README.md": index(subject, packs)}
    for pack in packs:
        files |= {f"{pack.folder}/{path}": text for path, text in pack.files.items()}
    service = subject.model.service
    files[place.MANIFEST] = place.manifest(
        files,
        service=service.name,
        version=service.version,
        build=subject.report.build,
        packs={pack.folder: pack.address.tasks for pack in packs},
    )
    return files


def _pack(subject: Subject, address: Address) -> Pack:
    match address.kind:
        case "FE":
            return frontend.pack(subject, address)
        case "DO":
            return operations.pack(subject, address)
        case "QA":
            return quality.pack(subject, address)
        case _:
            assert_never(address.kind)
