"""Making a disagreement small, and writing it down as curl commands."""

from __future__ import annotations

from backwright.reference import seam
from backwright.verify.conversation import Disagreement
from backwright.verify.shrink import needed, script, shrunk
from backwright.verify.traffic import Assigned, Sent, Slot


def sent(number: int, path: str = "/x", **more: object) -> Sent:
    return Sent(number=number, operation="x", method="GET", path=path, **more)  # type: ignore[arg-type]


def test_what_is_not_needed_is_dropped() -> None:
    requests = tuple(sent(number) for number in range(60))

    def retry(tried: tuple[Sent, ...]) -> Disagreement | None:
        numbers = {request.number for request in tried}
        return Disagreement(tried, ("differs",)) if {7, 31, 59} <= numbers else None

    found = shrunk(Disagreement(requests, ("differs",)), retry, seconds=5)
    assert [request.number for request in found.requests] == [7, 31, 59]


def test_a_disagreement_that_does_not_come_back_stays_whole() -> None:
    requests = tuple(sent(number) for number in range(5))
    found = Disagreement(requests, ("once",))
    assert shrunk(found, lambda tried: None, seconds=1) is found


def test_a_request_hangs_on_whoever_made_its_row_and_its_token() -> None:
    register = sent(1, body=b'{"email": "ann@example.com", "password": "correct horse"}')
    login = sent(2, body=b'{"email": "Ann@example.com", "password": "correct horse"}')
    token = Slot(2, ("data", "token"), before="Bearer ")
    create = sent(4, authorization=token, body=b"{}")
    key = seam.identifier("v-4", seam.now("v-4"), 0)
    last = sent(6, path=f"/x/{key}", authorization=token)
    requests = (register, login, sent(3), create, sent(5, authorization=token), last)
    assert [request.number for request in needed(requests)] == [1, 2, 4, 6]
    assert [r.number for r in needed(requests, everything_of_caller=True)] == [1, 2, 4, 5, 6]


def test_the_script_has_a_command_for_each_request_and_says_what_differs() -> None:
    first = sent(1, "/auth", content_type="application/json", body=b'{"a": "it\'s \\\\ \xc3\xa9"}')
    second = sent(
        2,
        "/x y",
        query=(("after", Slot(1, ("meta", "next"))), ("q", "$HOME")),
        authorization=Slot(1, ("data", "token"), before="Bearer "),
        assigned=(Assigned(entity="Member", key="k", field="role", value="admin"),),
    )
    text = script(Disagreement((first, second), ("status: 200 expected, 500 answered",)))
    assert text.count("curl -s") == 2
    assert "V1_data_token=$(" in text
    assert 'Authorization: Bearer ${V1_data_token}"' in text
    assert "/x%20y?q=%24HOME&after=${V1_meta_next}" in text
    assert "role" in text
    assert text.endswith("# status: 200 expected, 500 answered\n")
