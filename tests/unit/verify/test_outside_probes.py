"""Each probe is green on a backend that is right, and red on one that is broken in the way that it looks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import notes_backend
import pytest
from outside import within

from backwright.verify.observed import Bounds
from backwright.verify.probes import (
    configuration,
    consumption,
    credentials,
    fetching,
    functions,
    injection,
    inventory,
    objects,
    probe,
    properties,
    rules,
    signing_in,
    tokens,
)
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made

DEFECTS = (
    (credentials, "open_list", "GET /notes", "answers 200 without credentials"),
    (credentials, "unsigned", "PUT /notes/{noteId}", "without a signature (alg: none)"),
    (credentials, "unverified", "GET /notes", "with altered credentials"),
    (credentials, "crash_on_token", "GET /notes", "answers 500 with made-up credentials"),
    (objects, "change_others", "PUT /notes/{noteId}", "bob may change what ann made"),
    (objects, "delete_others", "DELETE /notes/{noteId}", "bob may delete what ann made"),
    (objects, "read_others", "GET /notes/{noteId}", "shows bob what ann made"),
    (properties, "hash_shown", "POST /sessions", "`password_hash`"),
    (properties, "mass_assignment", "POST /notes", "takes `pinned`"),
    (rules, "wrong_status", "POST /accounts", "200, where the contract names 201"),
    (rules, "unvalidated", "POST /notes", "`title` is"),
    (signing_in, "enumeration", "POST /sessions", "for a known name than for an unknown one"),
    (signing_in, "tells_forgotten", "POST /forgotten-passwords", "a known address otherwise"),
    (signing_in, "no_login_limit", "POST /sessions", "lets 60 passwords be tried"),
    (consumption, "no_page_limit", "GET /notes", "its pages have no limit"),
    (consumption, "large_bodies", "POST /notes", "a body of 10 MB is accepted"),
    (consumption, "deep_bodies", "POST /notes", "nested 100,000 deep is answered 500"),
    (functions, "override", "/notes/{noteId}", "a stranger deletes it with a header"),
    (functions, "trace", "TRACE /notes", "the contract does not know it"),
    (fetching, "fetching", "POST /notes", "fetches the address in `hook`"),
    (configuration, "any_origin", "every origin", "with the caller's credentials"),
    (configuration, "stack_trace", "POST /notes", "shows how it is made"),
    (inventory, "forgotten_file", "/.env", "is not in the contract"),
    (inventory, "old_version", "/v1/notes", "an older version"),
    (injection, "sql", "POST /notes", "answers 500 to a hostile text in `title`"),
    (injection, "template", "POST /notes", "evaluates a template"),
)
PROBES = tuple(dict.fromkeys(each[0] for each in DEFECTS))


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with within(tmp_path_factory.mktemp("right")) as seen, probe.world_of(seen, Bounds()) as world:
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probed: probe.Probe, defect: str, where: str, what: str
) -> None:
    monkeypatch.setattr(consumption, "MANY", 130)  # a thousand take a while where all the tests run at once
    with within(tmp_path, defect) as seen, probe.world_of(seen, Bounds()) as world:
        found = probed.run(world).findings
    matching = [each for each in found if each.where == where and what in each.what]
    assert matching, [(each.where, each.what) for each in found]
    assert matching[0].replay.startswith("curl ")


ADVISED = (
    ("sniffing", "every answer", "nosniff"),
    ("banner", "every answer", "notes/1.2.3"),
    ("shared_cache", "answers to credentials", "may be stored by a shared cache"),
)


def test_what_only_production_needs_is_advised(tmp_path: Path, right: World) -> None:
    assert configuration.run(right).advice == ()
    with within(tmp_path, *(each[0] for each in ADVISED)) as seen, probe.world_of(seen, Bounds()) as world:
        outcome = configuration.run(world)
    assert outcome.findings == ()
    for _, where, what in ADVISED:
        assert any(each.where == where and what in each.what for each in outcome.advice)


def test_what_is_declared_shared_is_no_finding(tmp_path: Path) -> None:
    with (
        within(tmp_path, "change_others", more='\nshared: ["PUT /notes/{noteId}"]\n') as seen,
        probe.world_of(seen, Bounds()) as world,
    ):
        assert objects.run(world).findings == ()


def test_no_credentials_are_printed(tmp_path: Path) -> None:
    with within(tmp_path, "change_others") as seen, probe.world_of(seen, Bounds()) as world:
        found = objects.run(world).findings
        tokens = [value.partition(" ")[2] for caller in seen.callers for value in caller.headers.values()]
    assert found
    assert all(token not in each.replay for token in tokens for each in found)


@pytest.mark.parametrize(("defects", "told"), [((), []), (("ended",), ["tokens"])])
def test_a_token_that_has_ended_is_made_with_the_secret_that_the_target_gives(
    tmp_path: Path, defects: tuple[str, ...], told: list[str]
) -> None:
    with within(tmp_path, *defects) as seen:
        given = msgspec.structs.replace(seen, given_secrets={"SECRET_KEY": notes_backend.SECRET.decode()})
        with probe.world_of(given, Bounds()) as world:
            found = tokens.run(world).findings
    assert [each.where for each in found if "have ended" in each.what] == told


def test_spaces_around_a_body_are_a_part_of_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    def noted(world: World, notes: probe.Notes, made: Made, content: bytes, what: str) -> None:
        sent.append((made.sent.content, content))

    monkeypatch.setattr(consumption, "_refused", noted)
    monkeypatch.setattr(consumption, "FEW", 0)
    monkeypatch.setattr(consumption, "MANY", 0)
    with within(tmp_path) as seen, probe.world_of(seen, Bounds()) as world:
        consumption.run(world)
    assert any(content.rstrip() == body and len(content) > consumption.LARGE for body, content in sent)
