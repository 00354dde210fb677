"""Making a disagreement small, and writing it down as curl commands."""

from __future__ import annotations

from backwright.verify.conversation import Disagreement
from backwright.verify.script import script
from backwright.verify.shrink import beside, needed, shrunk
from backwright.verify.traffic import Assigned, Event, Put, Sent


def sent(number: int, path: str = "/x", **more: object) -> Sent:
    return Sent(number=number, operation="x", method="GET", path=path, **more)  # type: ignore[arg-type]


def test_what_is_not_needed_is_dropped() -> None:
    events = tuple(sent(number) for number in range(60))

    def retry(tried: tuple[Event, ...]) -> Disagreement | None:
        numbers = {event.number for event in tried}
        return Disagreement(tried, ("differs",)) if {7, 31, 59} <= numbers else None

    found = shrunk(Disagreement(events, ("differs",)), retry, seconds=5)
    assert [event.number for event in found.events] == [7, 31, 59]


def test_a_disagreement_that_does_not_come_back_stays_whole() -> None:
    events = tuple(sent(number) for number in range(5))
    found = Disagreement(events, ("once",))
    assert shrunk(found, lambda tried: None, seconds=1) is found


TOKEN = (("authorization", "Bearer token-v-2-1"),)
REGISTER, LOGIN, CREATE = sent(1), sent(2, needs=(1,)), sent(4, headers=TOKEN)


def test_a_request_hangs_on_whoever_made_its_row_and_its_token() -> None:
    last = sent(6, path="/x/number-v-4-0", headers=TOKEN)
    events = (REGISTER, LOGIN, sent(3), CREATE, sent(5, headers=TOKEN), last)
    assert [event.number for event in needed(events)] == [1, 2, 4, 6]
    assert [event.number for event in needed(events, everything_of_caller=True)] == [1, 2, 4, 5, 6]


def test_what_was_done_to_the_same_rows_may_matter() -> None:
    """Somebody is made a member of what the last request is about; what else the caller did is no matter."""
    put, joined = Put(number=5, entity="Thing", content=b"{}"), sent(7, needs=(5,))
    last = sent(9, headers=TOKEN, needs=(1, 2, 5))
    events = (REGISTER, LOGIN, CREATE, put, sent(6, needs=(5,)), joined, sent(8, headers=TOKEN), last)
    found = beside(Disagreement(events, ("differs",), changed=frozenset({1, 2, 4, 5, 7, 8})))
    assert [event.number for event in found] == [1, 2, 5, 7, 9]


def test_the_script_has_a_command_for_each_request_and_says_what_differs() -> None:
    body = b'{"a": "it\'s \\\\ \xc3\xa9", "csrf_token": "csrf-v-1-2"}'
    first = sent(1, "/auth", headers=(("content-type", "application/json"),), body=body)
    second = sent(
        2,
        "/x y",
        query=(("after", "cursor-v-1-3"), ("q", "$HOME")),
        headers=(("authorization", "Bearer token-v-1-1"),),
    )
    assigned = Assigned(number=3, entity="Member", keys=("k",), field="role", value="admin")
    put = Put(number=4, entity="Member", content=b'{"name": "ann"}')
    text = script(Disagreement((first, put, assigned, second), ("status: 200 expected, 500 answered",)))
    assert text.count("curl -s") == 2
    assert "TOKEN_V_1_1=$(" in text
    assert 'authorization: Bearer ${TOKEN_V_1_1}"' in text
    assert "/x%20y?after=${CURSOR_V_1_3}&q=%24HOME" in text
    assert '"${CSRF_V_1_2}"' in text
    assert "role of Member k is 'admin'" in text
    assert 'a row of Member: {"name": "ann"}' in text
    assert text.endswith("# status: 200 expected, 500 answered\n")
