"""A software bill of materials says what the backend runs on."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as Described
from cyclonedx.model.component import ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL

from backwright.verify.dependencies import Closure, closure
from backwright.verify.gate import GateInput, Verdict, found
from backwright.verify.results import Finding

NAME = "sbom"
TITLE = "Software bill of materials"
WHY = "When a library turns out to be unsafe, the question is within the hour: which of our services have it?"
EXAMPLE = "A requirement of the project that is not installed, or in another version: failed, the list would be wrong."
DATABASE = False
FILE = "sbom.cdx.json"


def judge(given: GateInput) -> Verdict:
    """CycloneDX 1.6 of the distributions that `pyproject.toml` asks for, and of those that these ask for, as installed
    here; valid by the schema of the standard. It is written to `.backwright/sbom.cdx.json`.
    """
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 (takes seconds)

    try:
        needed = closure(given.project)
    except ValueError as error:
        return found([Finding(what=str(error))], "")
    findings = [Finding(what=each) for each in needed.missing]
    service = given.model.service
    text = JsonV1Dot6(bill(service.name, service.version, needed)).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        findings.append(Finding(what=f"not valid by CycloneDX 1.6: {wrong}"))
    path = given.project.root / ".backwright" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    unlicensed = sum(not each.license for each in needed.components)
    return found(
        findings,
        f"{len(needed.components)} distributions, {len(needed.direct)} of them asked for directly",
        {
            "distributions": len(needed.components),
            "without a stated licence": unlicensed,
            "file": path.relative_to(given.project.root).as_posix(),
            "sha256": hashlib.sha256((text + "\n").encode()).hexdigest(),
        },
    )


def bill(name: str, version: str, needed: Closure) -> Bom:
    """The bill of a service: what it needs, and who needs what."""
    made = Bom()
    made.metadata.timestamp = datetime.now(UTC)
    service = Described(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name)
    made.metadata.component = service
    described = {
        each.name: Described(
            name=each.name,
            version=each.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{each.name}=={each.version}",
            purl=PackageURL(type="pypi", name=each.name, version=each.version),
            licenses=[_license(each.license)] if each.license else None,
        )
        for each in needed.components
    }
    for each in described.values():
        made.components.add(each)
    made.register_dependency(service, [described[each] for each in needed.direct if each in described])
    for component in needed.components:
        inner = [described[each] for each in component.requires if each in described]
        made.register_dependency(described[component.name], inner)
    return made


def _license(stated: str) -> LicenseExpression | DisjunctiveLicense:
    """An SPDX expression where it reads like one, a name otherwise."""
    words = stated.replace("(", " ").replace(")", " ").split()
    is_expression = all(word in ("AND", "OR", "WITH") or word.count("-") for word in words) or words == [
        "MIT"
    ]
    return LicenseExpression(stated) if is_expression else DisjunctiveLicense(name=stated)
