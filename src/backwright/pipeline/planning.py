"""What would change since the last build, and its approval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import msgspec

from backwright.emit.project import stands_as_built
from backwright.emit.refusals import not_emitted
from backwright.migrate.delivered import SNAPSHOT
from backwright.migrate.expansion import Expansion, outstanding
from backwright.migrate.write import changes_data
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.pipeline import signing
from backwright.pipeline.checking import check
from backwright.plan import Plan, approval, codes, show
from backwright.plan import plan as compute_plan
from backwright.plan.changes import Hazard, ranked
from backwright.plan.contraction import contraction
from backwright.plan.notes import notes
from backwright.plan.plan import NEEDS_APPROVAL
from backwright.plan.two_steps import in_two_steps
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, Diagnostic, Place, SpecificationError, diagnose, register
from backwright.task import events
from backwright.verify.access_examples import AccessExample, access_examples
from backwright.verify.changed_tests import TestsChange
from backwright.verify.changed_tests import changed_tests as tests_between

UNREADABLE = register(
    "BW704",
    "The model of the last build cannot be read",
    "Without it nobody can say what a change would do to the data that is stored.",
    "migrations/model.json, after a merge that left conflict markers in it",
)
EDITED = register(
    "BW622",
    "The model of the last build was edited",
    "A plan compares with it; compared with something else, it names changes that nobody made, or misses some.",
    "migrations/model.json, after a merge or an edit by hand",
)
NOT_BUILT = register(
    "BW703",
    "Nothing is built yet",
    "Serving, verifying and reporting judge a build, and there is none.",
    "backwright serve, before the first backwright build",
)


class Contraction(msgspec.Struct, frozen=True, kw_only=True):
    """What an expansion has left to take away, and the approvals of it that are missing."""

    expansion: Expansion
    plan: Plan
    missing: tuple[Diagnostic, ...]

    def text(self) -> str:
        """The plan, for people."""
        state = "approved; `backwright build` writes it" if not self.missing else "outstanding"
        return f"Contraction of {self.expansion.migration} ({state}).\n{show.text(self.plan)}"

    def as_data(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "migration": self.expansion.migration,
            "plan": show.as_data(self.plan),
            "missing": self.missing,
        }


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, the models it leads from and to, and what stands in its way (nothing when it may go on).

    `contraction` is what the last expansion has left to take away; only other changes of data wait for it.
    """

    before: Model | None
    model: Model
    plan: Plan
    blocked: tuple[Diagnostic, ...]
    approvals: tuple[approval.Approval, ...] = ()
    contraction: Contraction | None = None

    @property
    def expands(self) -> bool:
        """Whether the plan is made in two migrations, of which a build writes the first."""
        return in_two_steps(self.before, self.model) and not self.plan.refused

    @property
    def waiting(self) -> tuple[Hazard, ...]:
        """The classes of changes that nobody has approved for exactly this plan, the worst last."""
        waits = approval.unapproved(self.plan, self.approvals)
        return ranked(*(each for change in waits for each in change.hazards if each in NEEDS_APPROVAL))

    def notes(self) -> str:
        """Changelog, notes for the migration and for the way back."""
        return notes(self.plan, self.model.service, self.approvals)


def plan(project: Project) -> Planned:
    """What would change since the last build. Raises SpecificationError; being blocked is an answer here."""
    return planned_from(project, check(project).model)


def examples(planned: Planned) -> list[AccessExample]:
    """What the changed access rules of a plan mean: callers, rows and requests that are answered otherwise."""
    return access_examples(planned.before, planned.model, planned.plan)


def changed_tests(planned: Planned) -> list[TestsChange]:
    """What the plan does to the delivered tests, by operation."""
    return tests_between(planned.before, planned.model, planned.plan)


def planned_from(project: Project, model: Model) -> Planned:
    """What the model changes since the last build. Raises SpecificationError where it cannot be emitted."""
    refuse(model)
    started = perf_counter()
    before = previous(project)
    computed = _while_outstanding(project, before, model, compute_plan(before, model))
    edited = _edited(project)
    computed = msgspec.structs.replace(computed, warnings=(*computed.warnings, *edited))
    approvals, unsigned = signing.accepted(project, approval.read(project.approvals, project.root))
    blocked = approval.blocked(computed, approvals)
    if blocked:
        blocked += edited
        blocked += [each for each in unsigned if computed.hash in each.place.file]
    events.append(
        project,
        events.PlanMade(
            plan=computed.hash,
            changes=len(computed.changes),
            needs_approval=bool(blocked),
            seconds=perf_counter() - started,
        ),
    )
    given = tuple(each for each in approvals if each.plan == computed.hash)
    return Planned(
        before=before,
        model=model,
        plan=computed,
        blocked=tuple(blocked),
        approvals=given,
        contraction=_contraction(project, approvals),
    )


def _contraction(project: Project, approvals: Sequence[approval.Approval]) -> Contraction | None:
    found = outstanding(project.migrations)
    if found is None:
        return None
    computed = contraction(found.before, found.after, found.migration)
    here = [each for each in approvals if each.plan == computed.hash]
    return Contraction(expansion=found, plan=computed, missing=tuple(approval.blocked(computed, here)))


def _while_outstanding(project: Project, before: Model | None, after: Model, computed: Plan) -> Plan:
    """The plan, which may change no data while an expansion has its contraction before it."""
    found = outstanding(project.migrations)
    if found is None or computed.refused or not changes_data(before, after):
        return computed
    message = f"The contraction of {found.migration} is outstanding, and this plan changes stored data, too."
    mend = (
        "Approve the contraction and build it first (`backwright plan` shows it, with the former specification); "
        "or take the expansion back: `migrate down`, and the former files from version control"
    )
    diagnostic = diagnose(codes.OUTSTANDING, after.service.place, message, mend)
    return msgspec.structs.replace(computed, refused=(diagnostic,))


def refuse(model: Model) -> None:
    """Raises SpecificationError with every part of the model that the emitters do not know yet."""
    found = not_emitted(model)
    if found:
        raise SpecificationError(found)


def approve(
    project: Project,
    plan_hash: str,
    changes: Sequence[str],
    *,
    by: str,
    reason: str,
    rollback: str,
    key: Path | None = None,
) -> Path:
    """Approve named changes of exactly the plan at hand, or of the contraction that is outstanding; returns the file.

    It is signed with a key if there is one.

    Raises SpecificationError, also where the base branch demands a signature that this is not.
    """
    planned = plan(project)
    computed = planned.plan
    if planned.contraction and planned.contraction.plan.hash.startswith(plan_hash):
        computed = planned.contraction.plan
    approved = approval.approve(
        computed, plan_hash, changes, by=by, reason=reason, rollback=rollback, at=datetime.now(UTC)
    )
    approved = approved if key is None else signing.signed(approved, key)
    _, unsigned = signing.accepted(project, [approved])
    if unsigned:
        raise SpecificationError(unsigned)
    path = approval.write(approved, project.approvals)
    events.append(project, events.ApprovalRecorded(plan=computed.hash, by=by))
    return path


def previous(project: Project) -> Model | None:
    """The model of the last build."""
    path = project.root / SNAPSHOT
    if not path.is_file():
        return None
    try:
        return snapshot.decode(path.read_bytes())
    except msgspec.MsgspecError as error:
        mend = "restore it from version control, or build with the version of Backwright that wrote it"
        message = f"the model of the last build cannot be read: {error}"
        raise SpecificationError([diagnose(UNREADABLE, Place(SNAPSHOT, 1, 1), message, mend)]) from error


def _edited(project: Project) -> list[Diagnostic]:
    """Whether the model of the last build is not as that build wrote it: the plan may then be about something else."""
    if stands_as_built(project, SNAPSHOT):
        return []
    message = f"{SNAPSHOT} is not as the last build wrote it, and this plan compares with what it says now."
    mend = "Restore it from version control; after a merge, build once on either side and plan again."
    return [diagnose(EDITED, Place(SNAPSHOT, 1, 1), message, mend, "warning")]


def package(project: Project) -> str:
    """The name of the package of the last build. Raises SpecificationError when there is none."""
    return built(project).service.package


def built(project: Project) -> Model:
    """The model of the last build. Raises SpecificationError when there is none."""
    found = previous(project)
    if found is None:
        mend = "run `backwright build` first"
        raise SpecificationError([diagnose(NOT_BUILT, NOWHERE, "there is no backend to work with", mend)])
    return found
