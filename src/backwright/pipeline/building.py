"""Writing the backend that a plan leads to."""

from __future__ import annotations

from time import perf_counter

import msgspec

from backwright.emit import project as emitted
from backwright.migrate import naming
from backwright.migrate import write as write_migration
from backwright.migrate.delivered import delivered
from backwright.migrate.write import changes_data, write_contraction
from backwright.model.types import Model
from backwright.pipeline.checking import Blocked, Checked, check
from backwright.pipeline.planning import Planned, planned_from
from backwright.plan.notes import notes
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.task import events, questions


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did. `build` is the digest that results are bound to; `migration` is the new folder, if any."""

    build: str
    model: Model
    migration: str | None
    written: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    files: int


def build(project: Project, *, discard_edits: bool = False, ejected: bool | None = None) -> Built:
    """Write the backend, with the runtime inside of it if `ejected`; None: as it was.

    Raises SpecificationError, Blocked, or EditedByHand; all leave the output as it was.
    """
    checked = check(project)
    stop_at_questions(project, checked)
    planned = planned_from(project, checked.model)
    return carry_out(project, planned, discard_edits=discard_edits, ejected=ejected)


def stop_at_questions(project: Project, checked: Checked) -> None:
    """Raises Blocked while a blocking question is open, and records that it was asked."""
    blocking = [q for q in checked.questions if q.blocking]
    if blocking:
        questions.ask(project, blocking, events.read(project))
        raise Blocked(blocking)


def carry_out(
    project: Project, planned: Planned, *, discard_edits: bool, ejected: bool | None = None
) -> Built:
    """Write what the plan says, unless it refuses something or waits for an approval."""
    if planned.plan.refused:
        raise SpecificationError(planned.plan.refused)
    if planned.blocked:
        raise Blocked(diagnostics=planned.blocked)
    return _write(project, planned, discard_edits=discard_edits, ejected=ejected)


def _write(project: Project, planned: Planned, *, discard_edits: bool, ejected: bool | None) -> Built:
    started = perf_counter()
    folder, files = _migration(project, planned)
    tree = delivered(project, planned.model, ejected=ejected) | files
    written = emitted.write(project, tree, discard_edits=discard_edits)
    digest = build_digest(project)
    assert digest is not None
    seconds = perf_counter() - started
    events.append(project, events.BuildFinished(build=digest, files=len(tree), seconds=seconds))
    return Built(
        build=digest,
        model=planned.model,
        migration=folder,
        written=written.changed,
        removed=written.removed,
        kept=written.kept,
        files=len(tree),
    )


def _migration(project: Project, planned: Planned) -> tuple[str | None, dict[str, str]]:
    """The next migration's folder and files; none when no stored data changes and no contraction is approved."""
    stamp = naming.next_stamp(project.migrations)
    rest = planned.contraction
    if changes_data(planned.before, planned.model):
        plan, text = planned.plan, planned.notes()
        files = write_migration(plan, planned.before, planned.model, stamp)
    elif rest is not None and not rest.missing:
        plan, text = rest.plan, notes(rest.plan, planned.model.service)
        files = write_contraction(plan, rest.expansion, planned.model, stamp)
    else:
        return None, {}
    folder = naming.folder_name(plan, stamp)
    files["notes.md"] = text
    return folder, {f"migrations/{folder}/{name}": text for name, text in files.items()}


def build_digest(project: Project) -> str | None:
    """The digest that results are bound to: specification and generated files as they are on disk."""
    return emitted.digest(project)
