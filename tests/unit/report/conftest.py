"""A small project with a build, runs and a feature folder, for everything that reads them."""

import hashlib
import json
from datetime import UTC, datetime

import msgspec
import pytest

from backwright.expr.typed import TRUE
from backwright.model.types import Assumption, Entity, Field, Model, Rule, ScalarType, Service
from backwright.project import Project
from backwright.report import Report, collect
from backwright.spec.diagnostics import Diagnostic
from backwright.task import cards, events, evidence, features, questions
from backwright.verify.results import Finding, GateResult, ScenarioResult

BUILD = "b" * 64
SPEC = """# Lending

### User Story 1 - Borrow (Priority: P1)

1. **Given** a member, **When** she borrows, **Then** it is hers

- **FR-001**: Members borrow books
- **FR-002**: Members pay fees
"""
CARD = """# BE-001: Lend books

**Requirement**: FR-001
**Description**: Lend.
**Acceptance criteria**: A member borrows a book
**Dependencies**: BE-000
**Estimate**: 1 day
**Priority**: High
"""
PUBLIC = Rule(source="public", condition=TRUE)
CONTRACT = {
    "openapi": "3.1.0",
    "paths": {
        "/loans": {
            "post": {
                "summary": "Borrow a book.",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}
                },
                "responses": {
                    "201": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loan"}}}
                    },
                    "422": {},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "New": {"type": "object", "properties": {"book": {"type": "string", "format": "uuid"}}},
            "Loan": {
                "type": "object",
                "properties": {
                    "due": {"type": ["string", "null"], "format": "date"},
                    "renewals": {"type": "integer"},
                    "next": {"$ref": "#/components/schemas/Loan"},
                },
            },
        }
    },
}


class Workshop:
    """A project on disk that a test changes and reports on."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.model = Model(
            service=Service(name="library", version="1.0.0", package="library"),
            entities=(
                Entity(
                    name="Loan",
                    plural="loans",
                    table="loan",
                    key="id",
                    fields=(Field(name="id", column="id", type=ScalarType(scalar="uuid")),),
                    access={"create": PUBLIC, "read": PUBLIC, "update": PUBLIC, "delete": PUBLIC},
                ),
            ),
            assumptions=(Assumption(subject="Loan.id", text="keys are uuid7", role="architect"),),
        )

    def write(self, path: str, text: str) -> None:
        file = self.project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, result: GateResult, database: str = "") -> None:
        """Stores a gate's artifact and records it, as the pipeline does."""
        path = f".backwright/runs/1/{result.gate}{database}.json"
        data = msgspec.json.encode(result)
        self.write(path, data.decode())
        events.append(
            self.project,
            events.GateFinished(
                gate=result.gate,
                database=result.database,
                status=result.status,
                artifact=path,
                sha256=hashlib.sha256(data).hexdigest(),
                build=result.build,
                seconds=result.seconds,
            ),
        )

    def questions(self) -> tuple[questions.Question, ...]:
        return questions.compute((), features.every(self.project), events.read(self.project))

    def report(
        self,
        build: str = BUILD,
        expected: tuple[evidence.Expected, ...] = (),
        warnings: tuple[Diagnostic, ...] = (),
    ) -> Report:
        return collect(
            self.project,
            self.model,
            build,
            log=events.read(self.project),
            features=features.every(self.project),
            questions=self.questions(),
            card=cards.find(self.project, "BE-001"),
            expected=expected,
            warnings=warnings,
            at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        )


def gate(name: str, *, build: str = BUILD, status: str = "passed", **more: object) -> GateResult:
    return msgspec.convert(
        {
            "gate": name,
            "title": name.capitalize(),
            "status": status,
            "summary": f"{name} {status}",
            "build": build,
            "started": datetime(2026, 1, 2, tzinfo=UTC),
            "seconds": 1.5,
            **more,
        },
        GateResult,
    )


def scenario(status: str = "passed") -> ScenarioResult:
    return ScenarioResult(
        id="AC-1", title="Borrow", story="US-1", covers=("FR-001",), status=status, detail="step 2: 404"
    )


@pytest.fixture
def workshop(tmp_path) -> Workshop:
    shop = Workshop(Project(tmp_path))
    shop.write("tasks/BE-001.md", CARD)
    shop.write("specs/001-lending/spec.md", SPEC)
    shop.write(
        "specs/001-lending/acceptance.yaml", "- {id: AC-1, story: US-1, covers: [FR-001], title: Borrow}\n"
    )
    shop.write("library/app.py", "app = 1\n")
    shop.write(
        "backwright.lock", json.dumps({"files": {"library/app.py": hashlib.sha256(b"app = 1\n").hexdigest()}})
    )
    shop.write("library/openapi.json", json.dumps(CONTRACT))
    shop.write(".env.example", "# Where the data lies.\nDATABASE_URL=sqlite:///library.db\n")
    shop.write(
        "migrations/20260101000000_start/up.sqlite.sql",
        "-- step 1: create loan\nCREATE TABLE loan (id TEXT);\n",
    )
    shop.write("migrations/20260101000000_start/down.sqlite.sql", "-- step 1: drop loan\nDROP TABLE loan;\n")
    events.append(shop.project, events.BuildFinished(build=BUILD, files=1, seconds=2.0))
    shop.run(gate("acceptance", database="sqlite", scenarios=(scenario(),)), "-sqlite")
    shop.run(gate("tests", figures={"tests": 12, "line_coverage": 93.5}))
    shop.run(gate("migrations", database="sqlite"), "-sqlite")
    return shop


@pytest.fixture
def finding() -> Finding:
    return Finding(what="p95 is 900 ms", where="GET /loans", replay="replay 7")
