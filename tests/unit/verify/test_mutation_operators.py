"""The operators make what they say of every example: mistakes that still compile and still migrate."""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from pathlib import Path

import pytest

from backwright.emit.vendored import runtime_files
from backwright.verify.mutation.clauses import conditions, optional_clauses, order
from backwright.verify.mutation.operators import OPERATORS, runtime, storage
from backwright.verify.mutation.reach import reached
from backwright.verify.mutation.sources import Sources
from backwright.verify.mutation.types import Edit, Mutant

EXAMPLES = Path(__file__).parents[3] / "examples"
# Two small packages of texts that no example has; the operators know no noun of any project.
MADE_UP = {
    "shop/inputs.py": 'Code = Annotated[str, Meta(min_length=2, pattern="^[A-Z]+$")]\n',
    "shop/routes/orders.py": '@router.post("/orders", caller="required", idempotent="required")\n'
    "async def place(ctx: Context) -> Response:\n    return ok(None)\n",
    "shop/exports.py": "def cell(total: Decimal) -> str:\n    return decimal_text(total, 2)\n",
}


@cache
def example(name: str) -> Sources:
    root = EXAMPLES / name
    files = {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in root.rglob("*")
        if path.suffix in (".py", ".sql", ".json") and "tests" not in path.parts
    }
    return Sources({**files, **runtime_files()}, name)


@cache
def mutants() -> tuple[tuple[str, Mutant], ...]:
    names = sorted(path.parent.name for path in EXAMPLES.glob("*/backwright.yaml"))
    return tuple(
        (name, mutant)
        for name in names
        for operator in OPERATORS
        for mutant in operator.mutants(example(name))
        if operator.family != "runtime" or name == names[0]
    )


def test_there_are_enough_and_most_were_written_without_knowing_the_gates() -> None:
    assert len({each.name for each in OPERATORS}) == len(OPERATORS) >= 60
    assert sum(each.blind for each in OPERATORS) >= 30
    assert all(each.about for each in OPERATORS)


def test_every_operator_is_of_use_somewhere() -> None:
    used = {mutant.operator for _, mutant in mutants()}
    made_up = Sources({**MADE_UP, **runtime_files()}, "shop")
    used |= {each.name for each in OPERATORS if each.mutants(made_up)}
    used |= {
        each.name
        for each in runtime.FAMILY.operators
        for name in ("clinic", "conduit", "forum", "tracker")
        if each.mutants(example(name))
    }
    assert {each.name for each in OPERATORS} - used == set()


def test_every_mutant_of_python_compiles_and_differs() -> None:
    seen: set[tuple[str, str, str]] = set()
    for name, mutant in mutants():
        for edit in mutant.edits:
            assert edit.before != edit.after
            if edit.path.endswith(".py") and (mutant.operator, edit.path, name) not in seen:
                seen.add((mutant.operator, edit.path, name))
                compile(edit.after, edit.path, "exec")


def test_every_mutant_of_a_migration_is_still_sql() -> None:
    for _, mutant in mutants():
        for edit in mutant.edits:
            if edit.path.endswith("/up.sqlite.sql"):
                with sqlite3.connect(":memory:") as connection:
                    connection.executescript(edit.after)


def test_a_place_of_the_runtime_that_is_gone_is_noticed() -> None:
    files = runtime_files()
    for place in runtime.PLACES:
        text = files[f"backwright_runtime/{place.module}.py"]
        assert text.count(place.before) >= 1, place.name
        changed = text.replace(place.before, place.after, 1)
        compile(changed, place.module, "exec")


def test_the_package_decides_whether_a_place_of_the_runtime_means_anything() -> None:
    [operator] = [each for each in OPERATORS if each.name == "replay-not-kept"]
    assert operator.mutants(Sources({**MADE_UP, **runtime_files()}, "shop"))
    assert not operator.mutants(Sources({"shop/app.py": "", **runtime_files()}, "shop"))
    assert not operator.mutants(Sources(MADE_UP, "shop"))  # it does not carry the runtime


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1 FROM a WHERE b = :c", [("b = :c", 0)]),
        ("SELECT 1 FROM a WHERE b = 1 AND (c OR d) -- rule: e AND f\n ORDER BY g", [("b = 1", 0), ("(c OR d)", 0)]),
        ("SELECT 1 FROM a WHERE TRUE {AND x = :x} LIMIT 1", []),
        ("SELECT 1 FROM a WHERE b BETWEEN 1 AND 2 AND c", [("b BETWEEN 1 AND 2", 0), ("c", 0)]),
        ("SELECT 1 FROM a WHERE CASE WHEN b AND c THEN 1 END AND e", [("CASE WHEN b AND c THEN 1 END", 0), ("e", 0)]),
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE c AND d = ' AND ')", [
            ("EXISTS (SELECT 1 FROM b WHERE c AND d = ' AND ')", 0), ("c", 1), ("d = ' AND '", 1),
        ]),
    ],
)  # fmt: skip
def test_the_conditions_of_a_statement(sql: str, found: list[tuple[str, int]]) -> None:
    assert [(each.text, each.depth) for each in conditions(sql)] == found


def test_a_condition_is_dropped_alone() -> None:
    sql = "SELECT 1 FROM a WHERE b = 1 AND owner = :caller  -- read: mine\n ORDER BY c"
    [_, owner] = conditions(sql)
    assert owner.dropped(sql) == "SELECT 1 FROM a WHERE b = 1 AND TRUE  -- read: mine\n ORDER BY c"


def test_the_order_and_the_optional_clauses_of_a_statement() -> None:
    sql = "\n    SELECT 1\n    WHERE TRUE\n      {AND b = :b}\n    ORDER BY lower(c, d) DESC, id\n    LIMIT 1"
    found = order(sql)
    assert found is not None and found.terms == ("lower(c, d) DESC", "id")
    assert [each.text for each in optional_clauses(sql)] == ["AND b = :b"]


def test_what_a_change_can_show_in() -> None:
    files = {
        "shop/repositories/orders.py": "FIND = sql('''SELECT 1''')\n\n\nasync def find(db): return FIND\n",
        "shop/services/orders.py": "async def get_order(ctx): return orders.find\n\n\nasync def ping(ctx): pass\n",
    }
    before = files["shop/repositories/orders.py"]
    edit = Edit("shop/repositories/orders.py", before, before.replace("SELECT 1", "SELECT 2"))
    assert reached(Sources(files, "shop"), edit) == ("get_order",)


def test_what_cannot_be_empty_is_not_taken_for_absent() -> None:
    files = {
        "shop/inputs.py": "Name = Annotated[str, Meta(min_length=1)]\n\n\nclass Change(Struct):\n"
        "    name: Name | UnsetType = UNSET\n    note: str | UnsetType = UNSET\n    mail: Email | UnsetType = UNSET\n",
        "shop/services/orders.py": "async def change(ctx: Context, body: Change) -> None:\n"
        "    replace(row, name=given(body.name, row.name), note=given(body.note, row.note), "
        "mail=given(body.mail, row.mail))\n",
    }
    [operator] = [each for each in OPERATORS if each.name == "falsy-is-absent"]
    assert [each.what for each in operator.mutants(Sources(files, "shop"))] == [
        "shop/services/orders.py: line 2: (body.note or row.note)"
    ]


def test_what_only_a_race_leads_to_is_told_apart() -> None:
    text = "async def free_slug(db): ...\n\n\ndef raised():\n"
    text += (
        '    raise Conflict(FieldError("slug", "taken"))\n    raise Conflict(FieldError("email", "taken"))\n'
    )
    made = {
        each.name: [
            mutant.what[-12:] for mutant in each.mutants(Sources({"shop/repositories/a.py": text}, "shop"))
        ]
        for each in OPERATORS
        if each.name.startswith("wrong-error-field")
    }
    assert made == {"wrong-error-field": ["line 6: body"], "wrong-error-field-in-a-race": ["line 5: body"]}


def test_a_conflict_that_only_a_race_leads_to_is_told_apart() -> None:
    store = (
        "async def insert(db):\n    try:\n        await db.execute(INSERT)\n"
        "    except UniqueViolation as violation:\n"
        '        raise Conflict(FieldError("aisle", "taken"), FieldError("shelf", "taken")) from violation\n'
    )
    looking = "    row = await bins.find_existing_by_aisle_and_shelf(tx)\n"
    storing = "    await bins.insert(tx)\n"
    files = {"shop/repositories/bins.py": store}
    for service, expected in (
        (f"async def place(tx):\n{looking}{storing}", (0, 1, 0)),
        (f"async def place(tx):\n{looking}{storing}\nasync def more(tx):\n{storing}", (1, 0, 2)),
    ):
        sources = Sources({**files, "shop/services/places.py": service}, "shop")
        made = {each.name: len(each.mutants(sources)) for each in OPERATORS}
        names = ("conflict-not-answered", "conflict-in-a-race-not-answered", "failure-swallowed")
        assert tuple(made[name] for name in names) == expected


def test_a_constraint_goes_from_the_migrations_of_both_databases() -> None:
    [made] = {
        mutant.what: mutant
        for operator in storage.FAMILY.operators
        if operator.name == "unique-dropped"
        for mutant in operator.mutants(example("todos"))
    }.values()
    assert [re.sub(r".*/", "", edit.path) for edit in made.edits] == ["up.postgresql.sql", "up.sqlite.sql"]


def test_a_number_that_the_database_generates_is_no_default() -> None:
    columns = "    id bigint GENERATED BY DEFAULT AS IDENTITY,\n    size bigint DEFAULT 3 NOT NULL\n"
    sources = Sources({"migrations/1_a/up.postgresql.sql": f"CREATE TABLE thing (\n{columns});\n"}, "shop")
    [operator] = [each for each in storage.FAMILY.operators if each.name == "column-default-dropped"]
    [mutant] = operator.mutants(sources)
    assert mutant.what == "thing.size has no default"
    assert "BY DEFAULT AS IDENTITY" in mutant.edits[0].after


def test_columns_that_always_hold_the_same_are_not_mixed_up() -> None:
    files = {
        "shop/repositories/orders.py": 'INSERT = sql("""\n    INSERT INTO "order" (id, made_at, changed_at)\n'
        '    VALUES (:id, :made_at, :changed_at)\n""")\n',
        "shop/services/orders.py": "def place(ctx):\n"
        "    return Order(id=ctx.new_id(), made_at=ctx.now, changed_at=ctx.now)\n",
    }
    [operator] = [each for each in OPERATORS if each.name == "columns-swapped"]
    assert [each.what for each in operator.mutants(Sources(files, "shop"))] == [
        "shop/repositories/orders.py: INSERT: id and made_at are mixed up"
    ]


def test_the_hash_of_a_password_is_never_empty() -> None:
    files = {
        "shop/services/users.py": "async def change(ctx: Context, body: Change) -> None:\n"
        "    new_password = await ctx.passwords.hash(body.password)\n"
        "    replace(user, password=given(new_password, user.password), about=given(body.about, user.about))\n",
    }
    [operator] = [each for each in OPERATORS if each.name == "falsy-is-absent"]
    assert [each.what for each in operator.mutants(Sources(files, "shop"))] == [
        "shop/services/users.py: line 3: (body.about or user.about)"
    ]


def made_by(name: str, files: dict[str, str]) -> list[str]:
    [operator] = [each for each in OPERATORS if each.name == name]
    return [each.what for each in operator.mutants(Sources(files, "shop"))]


def test_a_condition_that_stands_there_twice_is_not_dropped() -> None:
    once = "DELETE FROM a\n    WHERE b = :caller AND c = :c"
    for where, number in (
        (once, 1),
        (f"{once} AND b = :caller", 0),
        (f"{once} AND d IN (SELECT e FROM f WHERE b = :caller)", 3),  # another WHERE: it says something else
        (f"{once} AND d IN (SELECT e FROM f WHERE b = :caller) AND b = :caller", 2),
    ):
        files = {"shop/repositories/a.py": f'GO = sql("""\n    {where}\n""")\n'}
        assert len(made_by("write-not-limited-to-the-caller", files)) == number, where


def test_a_rule_about_the_callers_own_row_is_not_made_true() -> None:
    rule = "def may_change(caller, row):\n    return row.id == caller.id\n"
    found = "async def change(ctx, body):\n    row = found(await rows.find_for_update(tx, caller), 'row')\n"
    asked = "    if not rules.may_change(caller, row):\n        raise Forbidden\n"
    by_path = found.replace("(tx, caller)", "(tx, id)")
    for services, number in ((found + asked, 0), (by_path + asked, 1), (found + asked + by_path + asked, 1)):
        files = {"shop/rules.py": rule, "shop/services/rows.py": services}
        assert len(made_by("rule-always-true", files)) == number, services


def test_a_text_of_letters_and_digits_is_neither_a_pattern_nor_the_end_of_a_literal() -> None:
    repository = (
        'FIND = sql("""\n    SELECT 1 FROM a WHERE code = :code\n""")\n\n\n'
        "async def find(db, code: str):\n    return await db.fetch_one(A, FIND, code=code)\n"
    )
    inputs = "class Look(Struct):\n    code: Annotated[str, Pattern({})]\n"
    service = "async def look(ctx, {}):\n    return await a.find(ctx.db, {})\n"
    for pattern, given, number in (
        ("'[A-Z]{2}[0-9]{4}'", ("body: Look", "body.code"), 0),
        ("'[A-Z0-9]{3,12}'", ("body: Look", "body.code"), 0),
        ("'[A-Z0-9_]{3,12}'", ("body: Look", "body.code"), 1),
        ("'[A-Za-z]+'", ("body: Look", "body.code"), 1),
        ("'[A-Z]{2}[0-9]{4}'", ("code: str", "code"), 1),  # a path, which nobody has held to anything
    ):
        files = {
            "shop/repositories/a.py": repository,
            "shop/inputs.py": inputs.format(pattern),
            "shop/services/look.py": service.format(*given),
        }
        assert len(made_by("compared-as-a-pattern", files)) == number, (pattern, given)
        assert len(made_by("pasted-into-sql", files)) == number, (pattern, given)


def test_a_clause_that_nobody_asks_for_is_not_ignored() -> None:
    repository = (
        'TAKEN = sql("""\n    SELECT 1 FROM a WHERE s = :s\n      {AND id <> :own}\n""")\n\n\n'
        "async def free(db, s, own=UNSET):\n    return await db.fetch_value(int, TAKEN, s=s, own=own)\n"
    )
    for call, number in (
        ("a.free(tx, s)", 0),
        ("a.free(tx, s, row.id)", 1),
        ("a.free(tx, s, own=row.id)", 1),
    ):
        files = {
            "shop/repositories/a.py": repository,
            "shop/services/a.py": f"async def go(tx):\n    {call}\n",
        }
        assert len(made_by("filter-ignored", files)) == number, call


def test_what_is_one_transaction_with_its_kept_answer_has_no_step_beside_it() -> None:
    service = (
        "async def pay(ctx):\n    async with ctx.transaction() as tx:\n        await bills.save(tx, bill)\n"
    )
    route = '@router.post("/bills", caller="required", idempotent="{}")\nasync def pay(ctx):\n    return ok(None)\n'
    for demand, number in (("required", 0), ("optional", 1)):
        files = {"shop/routes/bills.py": route.format(demand), "shop/services/bills.py": service}
        assert len(made_by("step-beside-the-transaction", files)) == number
        assert len(made_by("transaction-missing", files)) == number
