"""Time and ids come from one seam (semantics 11)."""

from __future__ import annotations

from datetime import UTC, datetime

from models import todos
from reference_client import Client

from backwright.reference.seam import identifier, now


def test_semantics_11_time_follows_from_the_request_id() -> None:
    assert now("v-0") == now("something-else") == datetime(2030, 1, 1, tzinfo=UTC)
    assert now("v-3600001") == datetime(2030, 1, 1, 1, 0, 0, 1000, tzinfo=UTC)


def test_semantics_11_ids_are_version_7_carry_the_time_and_differ() -> None:
    made = [identifier("v-5", now("v-5"), position) for position in range(3)]
    assert len(set(made)) == 3
    for each in made:
        assert each.version == 7
        assert each.variant == "specified in RFC 4122"
        assert each.int >> 80 == int(now("v-5").timestamp() * 1000)


def test_semantics_11_the_same_requests_make_the_same_rows() -> None:
    rows = []
    for _ in range(2):
        client = Client(todos())
        ann = client.register("ann")
        client.made("/todos", {"title": "Milk"}, ann)
        rows.append(client.service.rows)
    assert rows[0] == rows[1]
    (todo,) = rows[0]["Todo"]
    assert todo["id"] == identifier("v-2", now("v-2"), 0)
    assert todo["created_at"] == now("v-2")


def test_semantics_9_times_are_printed_in_utc_with_six_digits() -> None:
    client = Client(todos())
    assert (
        client.made("/todos", {"title": "Milk"}, client.register("ann"))["created_at"]
        == "2030-01-01T00:00:00.002000Z"
    )
