"""What of random requests is no matter of a contract."""

from __future__ import annotations

import pytest
import requests

from backwright.verify.fuzzing import _unreadable

HEAD = 'Content-Disposition: form-data; name="note"\r\n\r\n'
FORM = "multipart/form-data; boundary=x"


def sent(media: str, body: str | bytes | None) -> requests.PreparedRequest:
    headers = {"Content-Type": media}
    return requests.Request("POST", "http://127.0.0.1/", headers=headers, data=body).prepare()


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", "{"),
        (FORM, ""),
        (FORM, "a=1"),
        (FORM, f"--y\r\n{HEAD}1\r\n--y--\r\n"),
        (FORM, f"--x\r\n{HEAD}1"),
        (FORM, "--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--\r\n"),
        ("multipart/form-data", f"--x\r\n{HEAD}1\r\n--x--\r\n"),
    ],
)
def test_what_is_not_what_it_says_it_is_cannot_be_read(media: str, body: str) -> None:
    assert _unreadable(sent(media, body))


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", "{}"),
        ("application/json", None),
        ("text/plain", "{"),
        (FORM, f"--x\r\n{HEAD}1\r\n--x--\r\n"),
        (FORM, f"--x\r\n{HEAD}\r\n--x--\r\n".encode()),
    ],
)
def test_what_can_be_read_is_judged_by_the_contract(media: str, body: str | bytes | None) -> None:
    assert not _unreadable(sent(media, body))


def test_forms_of_a_client_can_be_read() -> None:
    files = {"image": ("a.png", b"\x89PNG\r\n\x1a\n\x00\xff", "image/png"), "note": (None, "one\r\ntwo")}
    request = requests.Request("POST", "http://127.0.0.1/", files=files).prepare()
    assert not _unreadable(request)
