"""A work item: everything that somebody needs who writes one function, and what it is held to afterwards.

Part of what it is held to is held back, so that a function cannot be written to the examples alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.model.show_operations import operation_text
from backwright.model.types import Call, Failing, Logic, LogicExample, Model, Operation
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose, register
from backwright.verify.confinement import is_written
from backwright.verify.scenarios import Call as Requested
from backwright.verify.scenarios import Scenario, read_scenarios, scenario_files

UNKNOWN = register(
    "BW930",
    "There is no such custom logic",
    "A function that the specification does not declare has no input, no output and nothing to be held to.",
    "backwright implement quote_price",
)
WRITTEN = register(
    "BW931",
    "The function is written already",
    "It is the user's: a provider begins where nothing but the stub is there.",
)
UNJUDGED = register(
    "BW932",
    "Nothing says what the function does",
    "Without an example or a scenario every function that type-checks would count as done.",
    "logic: {quote_price: {…, examples: [{input: {…}, output: {…}}]}}",
)
NOT_BUILT = register(
    "BW933",
    "The stub is not there",
    "A work item is the stub of a build: its boundary and its tests are what is judged.",
)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One example of the declaration, by its number there."""

    number: int
    example: LogicExample
    held_back: bool


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario that reaches the function, with its text as it was written."""

    scenario: Scenario
    text: str
    held_back: bool


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One function to be written. `excerpt` is all of the specification that is shown."""

    stub: str
    package: str
    excerpt: str
    examples: tuple[Example, ...]
    scenarios: tuple[Acceptance, ...]

    @property
    def function(self) -> str:
        """The file of the function, relative to the project."""
        return f"{self.package}/logic/{self.stub}.py"

    @property
    def tests(self) -> str:
        """The file of its tests."""
        return f"tests/logic/test_{self.stub}.py"

    @property
    def allowed(self) -> tuple[str, ...]:
        """What may be written, and nothing else."""
        return (self.function, self.tests)

    @property
    def hidden_examples(self) -> frozenset[int]:
        return frozenset(each.number for each in self.examples if each.held_back)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it: a run goes on only with the item that it began with."""
        judged = [
            (each.number, each.example.input, each.example.output, each.example.error)
            for each in self.examples
        ]
        told = [each.text for each in self.scenarios]
        return hashlib.sha256(json.dumps([self.stub, self.excerpt, judged, told]).encode()).hexdigest()


def make(project: Project, model: Model, stub: str) -> WorkItem:
    """The work item of a declared function. Raises SpecificationError where there is nothing to write or judge by."""
    logic = next((each for each in model.logic if each.name == stub), None)
    if logic is None:
        known = ", ".join(each.name for each in model.logic) or "none is declared"
        raise _mistake(UNKNOWN, f"there is no custom logic {stub!r}", f"choose from: {known}")
    package = model.service.package
    item = WorkItem(
        stub=stub,
        package=package,
        excerpt=_excerpt(project, model, logic, package),
        examples=tuple(_examples(logic)),
        scenarios=tuple(_scenarios(project, model, stub)),
    )
    file = project.root / item.function
    if not file.is_file() or not (project.root / package / "boundary.py").is_file():
        raise _mistake(NOT_BUILT, f"{item.function} is not there", "run `backwright build`")
    if not item.examples and not item.scenarios:
        mend = f"give `logic: {{{stub}: …}}` examples, or write a scenario that reaches it"
        raise _mistake(UNJUDGED, f"{stub!r} has no example and no scenario", mend)
    return item


def refuse_written(project: Project, item: WorkItem) -> None:
    """Raises SpecificationError where the function is written already."""
    if _has_author(project, item):
        mend = f"change {item.function} yourself, or put its stub back: delete the file and build again"
        raise _mistake(WRITTEN, f"{item.stub!r} is written already", mend)


def _has_author(project: Project, item: WorkItem) -> bool:
    try:
        return is_written(project.root / item.function, item.stub)
    except SyntaxError:
        return True


def _mistake(code: Any, message: str, mend: str) -> SpecificationError:
    return SpecificationError([diagnose(code, NOWHERE, message, mend)])


def _examples(logic: Logic) -> Iterator[Example]:
    """Every second example is held back: at least one where there are two."""
    for number, example in enumerate(logic.examples, 1):
        yield Example(number=number, example=example, held_back=number % 2 == 0)


def _scenarios(project: Project, model: Model, stub: str) -> Iterator[Acceptance]:
    """The scenarios that ask for an operation that calls the function. About half of several are held back, chosen by
    the hash of their id; one is always shown."""
    reaching = {operation.name for operation in callers(model, stub)}
    found: list[tuple[Scenario, str]] = []
    for path in scenario_files(project):
        lines = path.read_text(encoding="utf-8").splitlines()
        written = read_scenarios(path, project)
        for at, scenario in enumerate(written):
            if reaching & {each.operation for each in _requested(scenario)}:
                end = written[at + 1].place.line - 1 if at + 1 < len(written) else len(lines)
                found.append((scenario, "\n".join(lines[scenario.place.line - 1 : end]).rstrip()))
    hidden = [_chance(scenario.id) % 2 == 1 for scenario, _ in found]
    if found and all(hidden):
        hidden[0] = False
    if len(found) > 1 and not any(hidden):
        hidden[-1] = True
    for (scenario, text), held_back in zip(found, hidden, strict=True):
        yield Acceptance(scenario=scenario, text=text, held_back=held_back)


def _chance(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


def _requested(scenario: Scenario) -> Iterator[Requested]:
    yield from (each for each in (*scenario.given, *scenario.when) if isinstance(each, Requested))
    yield from (each.call for each in scenario.then if each.call is not None)


def callers(model: Model, stub: str) -> list[Operation]:
    """The operations that call a function."""
    return [operation for operation in model.operations if _calls(operation.steps, stub)]


def _calls(part: Any, stub: str) -> bool:
    match part:
        case Call(logic=name) if name == stub:
            return True
        case tuple():
            return any(_calls(each, stub) for each in part)
        case msgspec.Struct():
            return any(_calls(getattr(part, name), stub) for name in part.__struct_fields__)
        case _:
            return False


# What is shown ----------------------------------------------------------------------------------------


PARTNERS = """\
await use.NAME.get(Kind, "/path/{key}", {"query": 1}, key=value) -> Kind; post, put and delete as well, with body=...
Kind is a msgspec Struct of your own, or type(None) where there is no content. All raise PartnerFailed of
backwright_runtime.partners: `answered` is the partner's status, None where it gave no answer that counts. In tests,
backwright_runtime.testing.Answering({"GET /path/1?query=1": {"member": 1}, "POST /path": 409}) stands in for it."""


def _excerpt(project: Project, model: Model, logic: Logic, package: str) -> str:
    """The declaration without its examples, the operations that call it, and the boundary module."""
    declared = {
        "name": logic.name,
        "description": logic.description,
        "errors": [_without_place(each) for each in logic.errors],
        "uses": list(logic.uses),
        "reads": list(logic.reads),
        "trusted": logic.trusted,
        "seconds": logic.seconds,
    }
    parts = [f"logic:\n{_text(declared)}", *_outside(logic, model)]
    parts += [f"operation:\n{operation_text(model, each.name)}" for each in callers(model, logic.name)]
    boundary = project.root / package / "boundary.py"
    if boundary.is_file():
        parts.append(f"{package}/boundary.py:\n{boundary.read_text(encoding='utf-8')}")
    return "\n\n".join(parts)


def _outside(logic: Logic, model: Model) -> list[str]:
    """The settings and partners that it uses, and how partners are asked."""
    settings = {each.name: each.description for each in model.settings if each.name in logic.uses}
    partners = {each.name: each.description for each in model.integrations if each.name in logic.uses}
    parts = [f"settings (attributes of `use`):\n{_text(settings)}"] if settings else []
    return parts + ([f"partners (attributes of `use`):\n{_text(partners)}\n{PARTNERS}"] if partners else [])


def _without_place(failing: Failing) -> dict[str, Any]:
    written: dict[str, Any] = msgspec.to_builtins(failing)
    written.pop("place", None)
    return written


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def shown_criteria(item: WorkItem) -> str:
    """The examples and scenarios that are shown."""
    parts = []
    for each in item.examples:
        if not each.held_back:
            outcome = (
                {"error": each.example.error}
                if each.example.error is not None
                else {"output": json.loads(each.example.output or "{}")}
            )
            parts.append(
                f"example {each.number}:\n{_text({'input': json.loads(each.example.input), **outcome})}"
            )
    parts += [f"scenario {each.scenario.id}:\n{each.text}" for each in item.scenarios if not each.held_back]
    return "\n\n".join(parts)
