"""What a migration takes away is kept for a stated time: it is shown, restored, and removed when the time is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from migrate_parts import contract, execute, fetch, migrate_on, started
from plan_parts import DELETED, changed, entity, model, number, reference, replace, scalar, string

from backwright_runtime import command
from backwright_runtime import migrations as runner
from backwright_runtime.application import Application
from backwright_runtime.settings import RuntimeSettings

ITEM = entity("Item", string("name", 1, 30, unique=True), scalar("due", "date", nullable=True))
OTHER = entity("Other", string("text", 1, 30))
BEFORE = model(ITEM, OTHER)
AFTER = changed(model(ITEM), "Item", ITEM.fields[1])
STORED = "SELECT id, name, due FROM item ORDER BY id"


def dropped(folder: Path, url: str) -> list[tuple[object, ...]]:
    """A field and an entity are gone; what was stored of the field's entity."""
    started(folder, url, BEFORE)
    stored = fetch(url, STORED)
    migrate_on(folder, BEFORE, AFTER)
    asyncio.run(runner.up(url, folder))
    return stored


def aged(url: str, days: int) -> None:
    """Everything was applied so many days ago."""
    when = (
        f"now() - interval '{days} days'"
        if url.startswith("postgres")
        else f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-{days} days')"
    )
    execute(url, f"UPDATE backwright_migration SET applied_at = {when}")


def answered(folder: Path, *arguments: str, **stated: int) -> object:
    """The exit code of a service's command line."""
    with pytest.raises(SystemExit) as ended:
        command.main(nothing, RuntimeSettings, migrations=folder, arguments=arguments, **stated)
    return ended.value.code


def nothing(settings: RuntimeSettings) -> Application:
    raise AssertionError(settings)


def test_what_is_kept_is_restored_until_its_time_is_over(tmp_path: Path, database: str) -> None:
    stored = dropped(tmp_path, database)
    assert len(asyncio.run(runner.retained(database))) == 2
    aged(database, 89)
    assert asyncio.run(runner.purge(database)) == []
    asyncio.run(runner.down(database, tmp_path))
    assert fetch(database, STORED) == stored
    assert asyncio.run(runner.retained(database)) == []


def test_what_was_kept_long_enough_is_removed_and_cannot_be_rolled_back(
    tmp_path: Path, database: str
) -> None:
    dropped(tmp_path, database)
    aged(database, 91)
    assert asyncio.run(runner.purge(database, 365)) == []
    gone = asyncio.run(runner.purge(database))
    assert len(gone) == 2
    assert asyncio.run(runner.retained(database)) == []
    before = fetch(database, "SELECT id, name FROM item ORDER BY id")
    with pytest.raises(
        runner.MigrationError, match="cannot be rolled back: what it took away was kept for its time"
    ):
        asyncio.run(runner.down(database, tmp_path))
    assert [each.state for each in asyncio.run(runner.status(database, tmp_path))] == ["applied", "applied"]
    assert fetch(database, "SELECT id, name FROM item ORDER BY id") == before
    execute(database, "INSERT INTO item (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'new')")


def test_the_command_line_shows_what_is_kept_and_removes_it(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("TOKEN_KEYS", f"k:{'s' * 40}")
    dropped(tmp_path, database)
    assert answered(tmp_path, "migrate", "status") == 0
    shown = capsys.readouterr().out
    assert shown.count("`migrate down` as far as") == 2
    assert "`migrate purge` removes it" in shown
    assert answered(tmp_path, "migrate", "purge", "--days", "1") == 2
    assert answered(tmp_path, "migrate", "purge") == 0
    assert capsys.readouterr().out == ""
    aged(database, 31)
    assert answered(tmp_path, "migrate", "purge", "--days", "32", kept_days=30) == 0
    assert answered(tmp_path, "migrate", "purge", "--days", "29", kept_days=30) == 2
    assert answered(tmp_path, "migrate", "purge", kept_days=32) == 0
    assert answered(tmp_path, "migrate", "purge") == 0
    assert capsys.readouterr().out == ""
    assert answered(tmp_path, "migrate", "purge", kept_days=30) == 0
    assert capsys.readouterr().out.count("removed backwright_retained_") == 2


def test_an_outstanding_contraction_is_named(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TOKEN_KEYS", f"k:{'s' * 40}")
    started(tmp_path, sqlite_url, model(ITEM))
    stepwise = replace(AFTER, service=replace(AFTER.service, changes="expand_then_contract"))
    migrate_on(tmp_path, model(ITEM), stepwise)
    asyncio.run(runner.up(sqlite_url, tmp_path))
    assert answered(tmp_path, "migrate", "status") == 0
    assert "outstanding      the contraction of 2" in capsys.readouterr().out
    contract(tmp_path)
    asyncio.run(runner.up(sqlite_url, tmp_path))
    assert answered(tmp_path, "migrate", "status") == 0
    assert "outstanding" not in capsys.readouterr().out


def test_batches_fill_rows_that_no_primary_key_tells_apart(tmp_path: Path, postgres_url: str) -> None:
    """What tells them apart may be null: whether a row was deleted. The last statement has nothing left to do."""
    org = entity("Org", string("name", 1, 30, unique=True))
    key = (reference("org", "Org", "cascade"), number("place", 0, 9999))
    price = number("price", 0, 9, default=5)
    seat = entity("Seat", price, DELETED, key=key, soft_delete="deleted_at")
    loose = replace(seat, fields=(*key, replace(price, nullable=True), DELETED))
    started(tmp_path, postgres_url, model(org, seat))
    migrate_on(tmp_path, model(org, seat), model(org, loose))
    asyncio.run(runner.up(postgres_url, tmp_path))
    execute(postgres_url, "UPDATE seat SET price = NULL, deleted_at = NULL")
    newest = max(tmp_path.iterdir(), key=lambda each: each.name)
    found = runner.Migration(newest.name, newest).steps("down", "postgresql")
    (batch,) = (step for step in found if step.manner == "in batches")
    execute(postgres_url, batch.sql)
    assert fetch(postgres_url, "SELECT count(*) FROM seat WHERE price IS NULL") == [(0,)]
    assert fetch(postgres_url, "SELECT count(*) FROM seat") != [(0,)]
