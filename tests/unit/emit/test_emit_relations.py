"""What is emitted for rules over relations: where they stand, who asks them, and what runs as if alone."""

from __future__ import annotations

import pytest
from models import library, todos
from relations_models import workspace

from backwright.emit import emit
from backwright.emit.layout import laid_out

TREE = emit(workspace())
READ = """\
    WHERE project.id = :id
      AND (
          project.org_id IN (SELECT o.id FROM org AS o WHERE o.owner_id = :caller)
          OR EXISTS (
              SELECT 1
              FROM member AS m
              WHERE m.org_id = project.org_id
                AND m.user_id = :caller
          )
      )
      -- Project read: this.org.is_member
"""


def function(path: str, name: str) -> str:
    """The text of one function of an emitted module."""
    return TREE[path].partition(f"async def {name}(")[2].partition("\n\n\n")[0]


def test_a_read_rule_stands_in_the_statement_with_its_own_words() -> None:
    assert READ in TREE["workspace/repositories/projects.py"]


def test_write_rules_are_asked_before_and_after_the_change_and_before_it_is_stored() -> None:
    update = function("workspace/services/projects.py", "update_project")
    steps = [
        "projects.may_update(tx, caller, project)",
        "project = replace(",
        "projects.may_become(tx, caller, project)",
    ]
    asked = [update.index(step) for step in [*steps, "projects.save(tx, project)"]]
    assert asked == sorted(asked)
    create = function("workspace/services/tasks.py", "create_task")
    assert create.index("tasks.may_create(tx, caller, task)") < create.index("tasks.insert(tx, task)")


@pytest.mark.parametrize(
    ("module", "name", "alone"),
    [
        ("projects", "create_project", True),
        ("members", "delete_member", True),  # others' rules look for members
        ("orgs", "delete_org", True),
        ("orgs", "create_org", False),  # nothing refers to a new row yet, and its rule is settled
        ("auth", "register", False),
        ("projects", "list_projects", False),
    ],
)
def test_what_depends_on_other_rows_is_serializable(module: str, name: str, alone: bool) -> None:
    text = function(f"workspace/services/{module}.py", name)
    assert ("ctx.transaction(serializable=True)" in text) is alone


def test_services_without_relations_are_as_before() -> None:
    for model in (todos(), library()):
        text = "".join(emit(model).values())
        assert "serializable" not in text
        assert "EXISTS (" not in text.replace("WHEN EXISTS (", "")


def test_emitted_tests_know_members_strangers_and_nobody() -> None:
    tests = TREE["tests/test_tasks.py"]
    for who in (
        "when_member_role_is_guest_is_forbidden",
        "when_project_is_archived_is_forbidden",
        "by_somebody_else_is_invalid",
        "by_nobody_is_unauthenticated",
    ):
        assert f"test_create_task_{who}(" in tests


def test_a_short_condition_stays_on_its_line_and_a_long_one_opens() -> None:
    short = "a = 1 OR EXISTS (SELECT 1 FROM t AS t WHERE t.x = 'a OR (b')"
    assert laid_out(short) == short
    long = f"{short} AND b BETWEEN 1 AND 2 AND length(c) > 100 AND d <> 'some text with AND in it'"
    assert laid_out(long).split("\n") == [
        "a = 1",
        "OR EXISTS (SELECT 1 FROM t AS t WHERE t.x = 'a OR (b')",
        "AND b BETWEEN 1 AND 2",
        "AND length(c) > 100",
        "AND d <> 'some text with AND in it'",
    ]
