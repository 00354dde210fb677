"""Evidence in the documents of those who wrote the requirements: between their marks, and nowhere else.

What is written follows from the report alone, so writing it again changes nothing. Every other byte of a
document stays.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from backwright.emit.project import OutsideProject, confined, read_lock, write_owned
from backwright.project import Project
from backwright.report.links import FOLDER, short, stem
from backwright.report.markdown import MARKS
from backwright.report.types import Gate, Link, Report
from backwright.spec.diagnostics import Code, Diagnostic, Place, SpecificationError, diagnose, register
from backwright.task import documents, prose
from backwright.task.marks import Part, parts
from backwright.task.wording import clean, code, count

UNKNOWN = register(
    "BW926",
    "A mark names nothing that there is evidence about",
    "A section without evidence would read like one that needs none.",
    "<!-- backwright: FR-999 -->",
)
UNPAIRED = register(
    "BW927",
    "A mark has no counterpart",
    "What lies between two marks is written anew each time: where a part ends must not be guessed.",
    "<!-- backwright: FR-001 --> without <!-- /backwright --> before the next mark",
)
NO_DOCUMENT = register(
    "BW928",
    "Evidence cannot be linked into a file",
    "Only parts that somebody marked in a document of the project are written: nothing else is ours to change.",
    "backwright report --link ../elsewhere.md",
)
ENDINGS = (".md", ".markdown")
WHOLE = "report"
"""The name of the delivery as a whole."""
_WORD = re.compile(r"[\w-]+")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the report says of one name. `of` is the feature that it belongs to; empty where it is the service's."""

    name: str
    of: str
    state: str
    reason: str
    evidence: tuple[Link, ...]


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """A document, its marked parts, and whether anything in it is other than before."""

    file: str
    parts: int
    changed: bool


def link(project: Project, report: Report, files: Iterable[str]) -> tuple[Linked, ...]:
    """Write the evidence into documents of the project, named by their paths in it.

    Raises SpecificationError (BW926, BW927, BW928), and then has changed none of them; Changed where somebody came
    in between.
    """
    found = [_read(project, file) for file in dict.fromkeys(files)]
    claims = _claims(report)
    wrong = [each for document in found for each in document.diagnostics]
    written: dict[str, str] = {}
    linked: list[Linked] = []
    for document in found:
        if document.diagnostics:
            continue
        read = prose.read(document)
        own, lonely = parts(read.marks)
        wrong += _form(read, own, [each.line for each in lonely])
        text, unknown = _filled(document.text, own, read, claims, report)
        wrong += unknown
        written[document.file] = text
        linked.append(Linked(file=document.file, parts=len(own), changed=text != document.text))
    if wrong:
        raise SpecificationError(wrong)
    before = {document.file: hashlib.sha256(document.data).hexdigest() for document in found}
    write_owned(project, written, before)
    return tuple(linked)


def _read(project: Project, file: str) -> documents.Document:
    """The document, or what is wrong with it: it has to be Markdown of the project, behind no link, not generated."""
    try:
        path = confined(project.root, file)
    except OutsideProject as error:
        return _refused(file, str(error))
    if path.suffix.lower() not in ENDINGS:
        return _refused(file, f"it does not end in {' or '.join(ENDINGS)}")
    if file in read_lock(project).files or ".backwright" in PurePosixPath(file).parts:
        return _refused(file, "it is written by Backwright as a whole")
    found = documents.read(project, path.parent, path.name)
    return found if found.there else _refused(file, "it is not there")


def _refused(file: str, message: str) -> documents.Document:
    mend = "Name a document of this project, in which you have marked where evidence is to stand."
    return documents.Document(
        file=file, diagnostics=(diagnose(NO_DOCUMENT, Place(file, 1, 1), message, mend),)
    )


def _form(read: prose.Prose, own: tuple[Part, ...], lonely: Iterable[int]) -> Iterator[Diagnostic]:
    """What is wrong with the marks; a document that cannot be read to its end has marks that nobody sees."""
    yield from (each for each in read.diagnostics if each.severity == "error")
    pair = "Put `<!-- backwright: NAME -->` before a part and `<!-- /backwright -->` behind it, on lines of their own."
    for line in lonely:
        yield _at(UNPAIRED, read.file, line, "this mark stands alone", pair)
    if not own and not lonely:
        yield _at(NO_DOCUMENT, read.file, 1, "no part of it is marked", pair)


def _at(kind: Code, file: str, line: int, message: str, mend: str) -> Diagnostic:
    return diagnose(kind, Place(file, line, 1), message, mend)


# What is claimed ----------------------------------------------------------------------------------------


def _claims(report: Report) -> Mapping[str, list[Claim]]:
    """All that a mark can name."""
    found: dict[str, list[Claim]] = {}
    for claim in (*_of_requirements(report), *_of_scenarios(report), *_of_gates(report), _of_all(report)):
        found.setdefault(claim.name, []).append(claim)
    return found


def _of_requirements(report: Report) -> Iterator[Claim]:
    for each in report.requirements:
        reason = f"{each.reason}. Decided: {each.decision}" if each.decision else each.reason
        yield Claim(name=each.id, of=each.feature, state=each.state, reason=reason, evidence=each.evidence)


def _of_scenarios(report: Report) -> Iterator[Claim]:
    for each in report.scenarios:
        ran = tuple(run.link for run in each.runs if run.status != "not_run")
        yield Claim(name=each.id, of=each.feature, state=each.state, reason=each.title, evidence=ran)


def _of_gates(report: Report) -> Iterator[Claim]:
    """A gate has passed where it passed on each database; one that failed outweighs one that was not run."""
    by_name: dict[str, list[Gate]] = {}
    for gate in report.gates:
        by_name.setdefault(gate.gate, []).append(gate)
    for name, runs in by_name.items():
        worst = min(runs, key=lambda run: ("failed", "not_run", "passed").index(run.status))
        ran = tuple(run.link for run in runs if run.status != "not_run")
        yield Claim(name=name, of="", state=worst.status, reason=worst.summary, evidence=ran)


def _of_all(report: Report) -> Claim:
    missing = [check.text for check in report.checklist if check.state != "done"]
    reason = (
        f"not so: {'; '.join(missing)}"
        if missing
        else f"{count(len(report.checklist), 'line')} of the checklist"
    )
    return Claim(name=WHOLE, of="", state=report.outcome, reason=reason, evidence=())


# What is written ----------------------------------------------------------------------------------------


def _filled(
    text: str, own: Iterable[Part], read: prose.Prose, claims: Mapping[str, list[Claim]], report: Report
) -> tuple[str, list[Diagnostic]]:
    """The text with every part written anew, and what is wrong with the names of marks."""
    lines = text.split("\n")
    wrong: list[Diagnostic] = []
    for part in reversed(tuple(own)):
        end = "\r" if lines[part.begins - 1].endswith("\r") else ""
        named = part.names or _of_section(read, part.begins, claims)
        chosen = [_chosen(name, read.file, part.begins, claims) for name in named]
        wrong += [each for each in chosen if isinstance(each, Diagnostic)]
        if not named:
            mend = "Name requirements, scenarios or gates in the mark, or put it below a heading that does."
            wrong.append(
                _at(
                    UNKNOWN,
                    read.file,
                    part.begins,
                    "neither the mark nor the heading above it names one",
                    mend,
                )
            )
        told = [_line(claim, read.file) for each in chosen if isinstance(each, list) for claim in each]
        lines[part.begins : part.ends - 1] = [
            f"{line}{end}" for line in [*told, "", _rests(report, read.file)]
        ]
    return "\n".join(lines), wrong


def _of_section(read: prose.Prose, line: int, claims: Mapping[str, list[Claim]]) -> tuple[str, ...]:
    """What the heading above a mark names: requirements and scenarios, by the words that are their ids."""
    above = [each for each in read.passages if each.number < line and prose.HEADING.match(each.text)]
    words = _WORD.findall(above[-1].text) if above else []
    return tuple(dict.fromkeys(word for word in words if any(claim.of for claim in claims.get(word, ()))))


def _chosen(name: str, file: str, line: int, claims: Mapping[str, list[Claim]]) -> list[Claim] | Diagnostic:
    """What a name means in a document: of the feature that it lies in, or that the name begins with."""
    feature, _, bare = name.rpartition("/")
    found = [claim for claim in claims.get(bare, []) if not feature or claim.of == feature]
    beside = [
        claim for claim in found if claim.of and f"specs/{claim.of}/" in f"{PurePosixPath(file).parent}/"
    ]
    found = beside or found
    if not found:
        mend = f"Name a requirement, a scenario, a gate, or `{WHOLE}`, as the report does."
        return _at(UNKNOWN, file, line, f"the report says nothing about {name!r}", mend)
    if len({claim.of for claim in found}) > 1:
        mend = f"Say which: {', '.join(sorted({f'{claim.of}/{bare}' for claim in found}))}."
        return _at(UNKNOWN, file, line, f"{name!r} is in several features", mend)
    return found


def _line(claim: Claim, file: str) -> str:
    links = ", ".join(
        f"[{clean(stem(link))} {code(short(link.sha256))}]({_target(link.path, file)})"
        for link in claim.evidence
        if link.path
    )
    return f"- **{clean(claim.name)}**: {MARKS[claim.state]} — {clean(claim.reason)} {links}".rstrip()


def _rests(report: Report, file: str) -> str:
    return (
        f"Computed for build {code(short(report.build))}: [report]({_target(f'{FOLDER}/report.md', file)})."
    )


def _target(path: str, file: str) -> str:
    """The address of a file of the project in a document of the project."""
    up = len(PurePosixPath(file).parent.parts)
    return quote("../" * up + path)
