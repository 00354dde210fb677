"""What services do not do twice, not for each row, and not while a transaction waits."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from backwright.emit import FileTree, emit
from backwright.model.build import build
from backwright.project import Project
from backwright.spec import read

EXAMPLES = Path(__file__).parents[3] / "examples"
CASES = Path(__file__).parents[2] / "cases" / "requests"


@cache
def tree(example: str) -> FileTree:
    return emit(build(read(Project(EXAMPLES / example))))


def service(example: str, module: str, name: str) -> str:
    """The text of one function of an example's services."""
    text = tree(example)[f"{example}/services/{module}.py"]
    return text.partition(f"async def {name}(")[2].partition("\n\n\n")[0]


def test_a_row_that_only_has_to_be_there_is_one_statement() -> None:
    favorite = service("conduit", "articles", "favorite")
    assert "favorites.insert_if_missing(tx, " in favorite
    assert "find_existing" not in favorite
    assert "find_existing" in service("forum", "threads", "watch")  # its answer says whether there was one


def test_new_rows_of_a_list_are_one_statement_and_their_references_one_each() -> None:
    pick = service("inventory", "picks", "pick_goods")
    assert pick.count("movements.insert_all(tx, new_movements)") == 1
    loop = pick.partition("for place, each in")[2].partition("if unreadable:")[0]
    assert loop
    assert "await" not in loop


def test_checks_are_judged_where_the_change_can_break_them() -> None:
    assert "check_appointment" in service("clinic", "appointments", "create_appointment")
    assert "check_appointment" not in service("clinic", "appointments", "arrive")
    assert "check_stock" in service("inventory", "products", "reserve")


def test_references_within_a_tenant_are_judged_where_the_change_can_lead_them_astray() -> None:
    assert "blocked_by_elsewhere" in service("tracker", "orgs", "update_task")
    assert "blocked_by_elsewhere" not in service("tracker", "tasks", "start")


def test_what_a_row_lists_is_read_before_a_change_of_it_alone() -> None:
    assert "labels_before=" in service("tracker", "orgs", "update_task")
    assert "labels_of(" not in service("tracker", "tasks", "start")


def test_passwords_are_hashed_before_the_transaction() -> None:
    for example, module, name in (
        ("clinic", "me", "change_password"),
        ("conduit", "user", "update_current_user"),
    ):
        before, _, inside = service(example, module, name).partition("ctx.transaction(")
        assert "passwords.hash(" in before
        assert "passwords.hash(" not in inside


def test_what_is_read_by_one_statement_needs_no_snapshot() -> None:
    assert "snapshot" not in service("conduit", "profiles", "get_profile")
    assert "snapshot" not in service("conduit", "articles", "get_article")
    assert "snapshot" not in service("conduit", "articles", "get_articles")
    assert "snapshot" in service("conduit", "articles", "get_comments")
    me = service("conduit", "user", "get_current_user")
    assert "views.account_view(caller, " in me
    assert "await" not in me


def test_a_rule_about_rows_at_hand_asks_for_none() -> None:
    assert "if thread.locked and not caller.moderator:" in service("forum", "threads", "reply")
    opened = service("forum", "boards", "open_thread")  # of a thread that is new, and not locked
    assert "raise Forbidden" not in opened
    assert "answers_elsewhere" not in opened


def test_a_rule_about_rows_that_may_have_changed_asks_for_them() -> None:
    emitted = emit(build(read(Project(CASES / "rules-at-hand"))))
    services = emitted["gates/services/gates.py"]
    functions = {each.partition("(")[0]: each for each in services.split("async def ")[1:]}
    assert "tickets.may_create" not in functions["enter"]
    assert "tickets.may_create(tx, caller, ticket)" in functions["slam"]
    assert "tickets.may_create(tx, caller, ticket)" in functions["slam_all"]


def test_what_the_access_of_an_operation_says_is_not_judged_again() -> None:
    assert "raise Forbidden" not in service("inventory", "products", "withdraw_product")
    assert "raise Forbidden" in service(
        "inventory", "products", "update_product"
    )  # its access is the rule alone


def test_references_of_new_rows_that_come_from_a_row_of_the_tenant_are_not_asked_about() -> None:
    orders = emit(build(read(Project(CASES / "within-tenants"))))["depots/services/orders.py"]
    functions = {each.partition("(")[0]: each for each in orders.split("async def ")}
    assert "elsewhere" not in functions["again"]
    assert "elsewhere" not in functions["add_places"]
    assert "payer_elsewhere" in functions["given_"]
    assert "buyer_elsewhere" in functions["given_"]


def test_references_of_many_new_rows_are_asked_about_once() -> None:
    orders = emit(build(read(Project(CASES / "within-tenants"))))["depots/services/orders.py"]
    added = orders.partition("async def add_lines(")[2].partition("async def")[0]
    assert added.count("item_elsewhere = await lines.item_elsewhere(") == 1
    assert "await lines.insert_all(tx, new_lines)" in added


def test_a_condition_that_a_rule_says_too_is_said_once() -> None:
    unwatch = (
        tree("forum")["forum/repositories/watches.py"]
        .partition("UNWATCH_ROWS = sql(")[2]
        .partition('""")')[0]
    )
    assert unwatch.count("member_id = :caller") == 1
    assert "-- Watch read: this.member == caller" in unwatch


def statement(folder: Path, module: str, name: str) -> str:
    """The text of one statement for PostgreSQL."""
    text = emit(build(read(Project(folder))))[module]
    return text.partition(f"\n{name} = ")[2].partition('"""')[2].partition('"""')[0]


def test_a_computed_value_is_said_once_in_a_statement_however_often_it_is_named() -> None:
    busy = statement(EXAMPLES / "forum", "forum/repositories/threads.py", "THREADS_OF_BOARD_BY_BUSY")
    assert busy.count("count(*)") == 1  # shown, ordered by, and where a cursor goes on
    assert "{AND (replies, id) < (:after_by_replies, :after_id)}" in busy
    page = statement(CASES / "said-once", "bills/repositories/bill_rows.py", "BILLS_BY_DEAR")
    assert page.count("sum(") == 1 + 1  # of the lines' amounts, and of their units
    assert "gross" in page.partition("WHERE")[2]


def test_what_the_read_rule_says_is_not_asked_of_what_is_shown() -> None:
    """Whoever may read an appointment may read its patient: the rules say the same."""
    page = statement(EXAMPLES / "clinic", "clinic/repositories/appointments.py", "LIST_APPOINTMENTS")
    born = page.partition("patient_name,")[2].partition("AS patient_born")[0]
    assert "p.born" in born
    assert "CASE" not in born
    assert ":caller_role" in page.partition("Appointment read:")[0].rpartition("WHERE (")[2]
