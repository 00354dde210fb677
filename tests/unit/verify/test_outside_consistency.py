"""Probes of lists, pages, sessions and races: green on a backend that is right, red on one that is broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from outside import COOKIE, shelves

from backwright.verify.gate import NotRun
from backwright.verify.gates import consistency
from backwright.verify.observed import Bounds, Caller
from backwright.verify.probes import (
    asking,
    belonging,
    borrowed,
    conditions,
    configuration,
    conflicts,
    counting,
    credentials,
    cross_site,
    deletions,
    hiding,
    kept,
    lists,
    nesting,
    objects,
    pages,
    passwords,
    probe,
    properties,
    races,
    redirecting,
    repetition,
    reserved,
    revoking,
    signing_out,
    sql,
    tokens,
    totals,
    traces,
    written,
)
from backwright.verify.target.calling import Answer, Sent
from backwright.verify.target.contract import Body, Operation, Parameter
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.references import referring

GUARD = '{Cookie: "session={token}", X-Guard: "yes"}'
DEFECTS = (
    (lists, "list_leaks", "GET /shelves", "shows bob what ann made"),
    (lists, "filter_leaks", "GET /shelves", "filtered by `q`"),
    (lists, "total_leaks", "GET /shelves", "`total` tells bob how many"),
    (nesting, "crossed", "GET /shelves/{shelf}/books/{book}", "by way of a parent of its own"),
    (nesting, "crossed", "DELETE /shelves/{shelf}/books/{book}", "by way of a parent of its own"),
    (signing_out, "lasting", "POST /sign-out", "the credentials are accepted afterwards"),
    (tokens, "endless", "tokens", "never end"),
    (tokens, "weak_key", "tokens", "a key that is in tutorials"),
    (tokens, "secret_claim", "tokens", "carry `password`"),
    (reserved, "open_function", "GET /statistics", "is reserved for bob, and answers 200 to ann"),
    (redirecting, "redirects", "GET /go", "leads to any host"),
    (sql, "sql", "GET /shelves", "it shows more for what holds"),
    (pages, "loses", "GET /shelves", "leaves out"),
    (pages, "repeats", "GET /shelves", "more than once"),
    (pages, "shuffled", "GET /shelves", "in another order"),
    (written, "forgets", "PUT /shelves/{shelf}", "does not change `label`"),
    (deletions, "keeps", "DELETE /shelves/{shelf}", "leaves the thing where it was"),
    (deletions, "keeps_in_list", "DELETE /shelves/{shelf}", "leaves the thing in GET /shelves"),
    (deletions, "orphans", "DELETE /shelves/{shelf}", "leaves what was in it"),
    (conditions, "overwrites", "PUT /shelves/{shelf}", "an ETag that is out of date"),
    (repetition, "repeated", "POST /shelves", "does it twice"),
    (repetition, "repeated_at_once", "POST /shelves", "sent at once"),
    (conditions, "unconditional", "GET /shelves/{shelf}", "to the ETag that it has just given"),
    (counting, "overlooked", "POST /shelves/{shelf}/visits", "change `visits` by 1, not 6"),
    (repetition, "tagged_twice", "POST /tags", "of the same body sent at once"),
    (races, "sealed_twice", "POST /shelves/{shelf}/seal", "and 1 when one after the other"),
    (traces, "latest_of_others", "GET /shelves/{shelf}", "shows bob a text of what ann made"),
    (traces, "tallies_all", "GET /tally", "`mine` tells bob how often ann sends POST /shelves"),
    (objects, "marks_of_others", "GET /marks/{mark}", "shows bob what ann made"),
    (hiding, "tells", "GET /shelves/{shelf}", "answers 403 for what a stranger may not see"),
    (asking, "unsearched", "GET /shelves", "for a word that is nowhere"),
    (asking, "unsorted", "GET /shelves", "in another order"),
    (written, "clears", "PATCH /shelves/{shelf}", "empties `note`, which was not sent"),
    (belonging, "binds", "POST /shelves", "is not ann's alone"),
    (revoking, "lasting_keys", "DELETE /keys/{key}", "is accepted afterwards"),
    (credentials, "echoes", "GET /shelves", "repeats the credentials"),
    (passwords, "any_old_password", "POST /password", "with a wrong old password"),
    (passwords, "keeps_old_password", "POST /password", "the old password still lets in"),
    (passwords, "keeps_sessions", "POST /password", "another session of the account"),
    (kept, "cuts", "POST /shelves", "keeps `label` as"),
    (kept, "eats_letters", "POST /shelves", "(letters of other scripts)"),
    (kept, "eats_emoji", "POST /shelves", "(emoji)"),
    (kept, "always_open", "POST /shelves", "`open` as True where False was sent"),
    (kept, "rounds", "POST /shelves", "keeps `floor` as"),
    (borrowed, "lends_any", "POST /loans", "takes a `shelf_id` of ann's from bob"),
    (credentials, "takes_nothing", "GET /shelves", "with empty credentials"),
    (credentials, "takes_from_address", "GET /shelves", "from the address, too"),
    (configuration, "shared_cache", "GET /keys", "by a shared cache"),
    (asking, "above", "GET /shelves", "asked for `min_floor="),
    (asking, "open_ignored", "GET /shelves", "shows things whose `open` is"),
    (asking, "drops_first", "GET /shelves", "that have it"),
    (totals, "miscounts", "GET /shelves", "`total` is"),
    (totals, "counts_all", "GET /shelves", "are shown, asked for"),
    (conflicts, "sealed_again", "POST /shelves/{shelf}/seal", "never answered 409"),
    (written, "timeless", "PATCH /shelves/{shelf}", "leaves `updated_at` as it was"),
    (deletions, "found_after", "DELETE /shelves/{shelf}", "(GET /search shows it)"),
    (lists, "keys_of_others", "GET /keys", "shows bob what ann made"),
    (races, "hurried", "POST /shelves/{shelf}/stamps", "and 2 when one after the other"),
)
PROBES = tuple(dict.fromkeys(each[0] for each in DEFECTS))


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with shelves(tmp_path_factory.mktemp("right")) as seen, probe.world_of(seen, Bounds()) as world:
        assert seen.unreached == ()
        yield world


def name(value: object) -> str:
    return value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else ""


@pytest.mark.parametrize("probed", PROBES, ids=name)
def test_a_probe_asks_and_finds_nothing_where_all_is_right(right: World, probed: probe.Probe) -> None:
    outcome = probed.run(right)
    assert [(each.where, each.what) for each in outcome.findings] == []
    assert outcome.tried


@pytest.mark.parametrize(("probed", "defect", "where", "what"), DEFECTS, ids=[each[1] for each in DEFECTS])
def test_a_probe_finds_the_defect_that_it_looks_for(
    tmp_path: Path, probed: probe.Probe, defect: str, where: str, what: str
) -> None:
    with shelves(tmp_path, defect) as seen, probe.world_of(seen, Bounds()) as world:
        found = probed.run(world).findings
    matching = [each for each in found if each.where == where and what in each.what]
    assert matching, [(each.where, each.what) for each in found]


@pytest.mark.parametrize(
    ("schema", "shown", "expected"),
    [
        ({"type": "string"}, True, False),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, False, False),
        ({"type": "boolean"}, True, True),
        ({"type": "string", "enum": ["true", "false"]}, True, True),
        ({"type": "string"}, "open", True),
    ],
)
def test_a_switch_is_not_asked_for_by_a_text(
    right: World, schema: dict[str, Any], shown: object, expected: bool
) -> None:
    parameter = Parameter(name="favorited", where="query", required=False, schema=schema)
    assert asking.about(right, parameter, shown) is expected


def test_sql_that_sleeps_is_found_by_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "SECONDS", 1)
    monkeypatch.setattr(sql, "CONDITIONS", ())
    with shelves(tmp_path, "sleeps") as seen, probe.world_of(seen, Bounds()) as world:
        found = sql.run(world).findings
    assert ["it sleeps when told to" in each.what for each in found] == [True]


def test_a_cookie_alone_changes_nothing(tmp_path: Path) -> None:
    with shelves(tmp_path, headers=COOKIE) as seen, probe.world_of(seen, Bounds()) as world:
        outcome = cross_site.run(world)
    assert outcome.tried
    assert outcome.findings == ()


def test_a_cookie_that_suffices_is_found(tmp_path: Path) -> None:
    with shelves(tmp_path, "no_guard", headers=COOKIE) as seen, probe.world_of(seen, Bounds()) as world:
        found = cross_site.run(world).findings
    assert {"POST /shelves", "DELETE /shelves/{shelf}"} <= {each.where for each in found}


def test_a_cookie_that_scripts_can_read_is_found(tmp_path: Path) -> None:
    for defect, count in (("", 0), ("scripted", 1)):
        with shelves(tmp_path, defect, headers=GUARD) as seen, probe.world_of(seen, Bounds()) as world:
            found = [each for each in configuration.run(world).findings if "HttpOnly" in each.what]
        assert len(found) == count


def test_the_gate_names_what_it_found(tmp_path: Path) -> None:
    with shelves(tmp_path, "forgets") as seen:
        verdict = consistency.observe(seen, Bounds())
    assert verdict.status == "failed"
    assert "PUT /shelves/{shelf}" in verdict.summary


def test_without_anything_to_judge_the_gate_has_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consistency, "PROBES", (conditions,))
    with shelves(tmp_path) as seen:
        lost = {each: path for each, path in seen.contract["paths"].items() if "{shelf}" not in each}
        less = {**seen.contract, "paths": lost}
        with pytest.raises(NotRun):
            consistency.observe(msgspec.structs.replace(seen, contract=less), Bounds())


def test_a_cookie_that_scripts_have_to_read_is_none_of_a_session() -> None:
    caller = Caller(name="ann", headers={"Cookie": "session=abc; csrftoken=def", "X-CSRFToken": "masked"})
    assert list(configuration.sessions(caller)) == ["session"]


@pytest.mark.parametrize(
    ("member", "promised", "found"),
    [("secret", "secret", 0), ("secret", "id", 1), ("password_hash", "password_hash", 1)],
)
def test_a_secret_that_a_creation_promises_is_no_finding(
    right: World, member: str, promised: str, found: int
) -> None:
    operation = Operation(
        method="POST",
        path="/webhooks",
        answer={"type": "object", "properties": {promised: {"type": "string"}}, "required": [promised]},
    )
    answer = Answer(
        status=201, headers={}, cookies={}, content=f'{{"{member}": "s3cr3t"}}'.encode(), seconds=0
    )
    sent = Sent(method="POST", target="/webhooks", headers={}, content=None)
    made = Made(operation=operation, caller="ann", sent=sent, answer=answer)
    right.made.append(made)
    told = [each for each in properties.run(right).findings if each.where == "POST /webhooks"]
    right.made.remove(made)
    assert len(told) == found


def test_ids_are_put_into_the_lines_of_a_list(right: World) -> None:
    shelf = right.reach(next(each for each in right.operations if each.name == "POST /shelves"))
    assert shelf is not None
    body = referring(right.made, {"lines": [{"shelf_id": 0, "count": 1}], "from_shelf_id": 0})
    known = shelf.answer.json()["id"]
    assert body == {"lines": [{"shelf_id": known, "count": 1}], "from_shelf_id": known}


def test_what_a_body_names_and_nobody_knows_is_left_out(right: World) -> None:
    members = {
        "title": {"type": "string"},
        "assignee_id": {"type": "integer"},
        "parcel_id": {"type": "integer"},
    }
    schema = {"type": "object", "properties": members, "required": ["title", "parcel_id"]}
    body = Body(schema=schema, media="application/json", required=True)
    operation = Operation(method="POST", path="/tickets", body=body)
    sent = [set(body) for _, body in right.bodies(operation)]
    assert {"title", "parcel_id", "assignee_id"} in sent
    assert {"title", "parcel_id"} in sent
