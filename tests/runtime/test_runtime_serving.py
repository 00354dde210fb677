"""A service as a process: clients that are slow, endless or wrong, and the end of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t-" + "x" * 32
MANY = 100_000


class Service:
    """The process, its address, and what it wrote."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def said(self, *parts: bytes, pause: float = 0.0, patience: float = 5.0) -> bytes:
        """Everything that comes back for these bytes until the connection is closed."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=patience)) as opened:
            for part in parts:
                try:
                    opened.sendall(part)
                except (BrokenPipeError, ConnectionResetError):
                    break
                time.sleep(pause)
            received = b""
            try:
                while more := opened.recv(65536):
                    received += more
            except ConnectionResetError:
                pass
            return received

    def stop(self) -> str:
        """Tell it to stop; what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=15)
        return output


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Service]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime.patience", "serve"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": f"sqlite:///{folder}/service.db",
            "TOKEN_KEYS": f"k:{SECRET}",
            "PORT": str(port),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health")
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield Service(process, port)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("serving")) as there:
        yield there
        assert httpx.get(f"{there.url}/health").status_code == 200


HEAD = b"POST /words HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nhost x\r\n\r\n", 400),
        (b"GET /he\0alth HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (HEAD + b"content-length: 3\r\ncontent-length: 5\r\n\r\n{}", 400),
        (HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"content-length: -1\r\n\r\n", 400),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /health HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: close, upgrade\r\n\r\n", 200),
    ],
)
def test_what_is_no_request_is_refused(service: Service, sent: bytes, answered: int) -> None:
    answer = service.said(sent, patience=8)
    assert status(answer) == answered, answer


def test_an_idle_connection_is_kept(service: Service) -> None:
    """Not for the five seconds of uvicorn: a request that is under way when a connection is closed is lost."""
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=5)) as connection:
        for pause in (6, 0):
            connection.request("GET", "/health")
            answer = connection.getresponse()
            assert (answer.status, answer.read() != b"") == (200, True)
            time.sleep(pause)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ((b"GET /health HTTP/1.1\r\nhost: x\r\n", *([b"x-many: " + b"x" * 90 + b"\r\n"] * 3000)), 431),
        ((b"GET /health HTTP/1.1\r\nx-endless: ", *([b"x" * 4096] * 64)), 431),
        ((b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",), 431),
        ((b"GET /health HTTP/1.1\r\nhost: x\r\nx-many: " + b"x" * 70_000 + b"\r\n\r\n",), 431),
    ],
    ids=["many headers", "an endless header", "a long address", "at once"],
)
def test_a_head_without_end_is_refused(service: Service, sent: tuple[bytes, ...], answered: int) -> None:
    answer = service.said(*sent)
    assert answer == b"" or status(answer) == answered  # what was sent in vain may reset the connection
    assert answer.startswith(b"HTTP/1.1 431") or len(sent) > 1


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /hea", b"GET /health HTTP/1.1\r\nhost: x\r\n"])
def test_a_client_that_never_asks_is_let_go(service: Service, sent: bytes) -> None:
    started = time.monotonic()
    answer = service.said(sent)
    assert status(answer) == 408
    assert time.monotonic() - started < 3


def test_a_second_head_has_its_own_time(service: Service) -> None:
    whole = b"GET /waits/700 HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = service.said(whole, b"GET /hea", pause=0.1)
    assert answer.count(b"HTTP/1.1 200") == 1  # who is being answered is not cut off
    answer = service.said(b"GET /waits/1 HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /hea", pause=0.1)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert answer.count(b"HTTP/1.1 408") == 1


def test_who_asks_in_time_is_answered_though_the_service_was_busy_meanwhile(service: Service) -> None:
    with (
        closing(socket.create_connection(("127.0.0.1", service.port), timeout=5)) as patient,
        closing(socket.create_connection(("127.0.0.1", service.port), timeout=5)) as busy,
    ):
        time.sleep(0.2)  # both are accepted, and their time runs
        busy.sendall(b"GET /blocks/1500 HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.2)
        patient.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert status(patient.recv(65536)) == 200


def test_a_body_that_does_not_come_is_not_waited_for(service: Service) -> None:
    started = time.monotonic()
    answer = service.said(HEAD + b"content-length: 100\r\n\r\n", *([b" "] * 20), pause=0.1)
    assert status(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "body_too_slow"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        (b'{"words": "' + b"x" * 2_000_000 + b'"}', 413),
        (b"[" * MANY, 400),
        (b'{"words":' * MANY, 400),
        (b'{"words": "x", "other": ' + b"[" * MANY + b"]" * MANY + b"}", 400),
        (b'{"words": ' + b"9" * MANY + b"}", 422),
        (b'{"words": "\\ud800"}', 422),
        (b'{"words": "\\u0000"}', 422),
        (b'{"words": "\xff"}', 400),
        (b"\xef\xbb\xbf{}", 400),
    ],
    ids=["huge", "deep", "deeper", "deep and unknown", "long number", "surrogate", "nul", "no text", "mark"],
)
def test_bodies_that_are_huge_deep_or_odd_have_a_clear_answer(
    service: Service, body: bytes, answered: int
) -> None:
    answer = httpx.post(f"{service.url}/words", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == answered
    assert answer.json()["error"]["code"]


def test_hanging_up_harms_nobody(service: Service) -> None:
    for _ in range(20):
        opened = socket.create_connection(("127.0.0.1", service.port))
        opened.sendall(HEAD + b"content-length: 100\r\n\r\n{")
        opened.close()
    opened = socket.create_connection(("127.0.0.1", service.port))
    opened.sendall(b"GET /waits/200 HTTP/1.1\r\nhost: x\r\n\r\n")
    opened.close()
    assert httpx.get(f"{service.url}/waits/1").json()["data"] == 1


def test_what_was_asked_before_the_end_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path) as service, ExitStack() as stack:
        asking = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", service.port), timeout=15)))
            for _ in range(5)
        ]
        for each in asking:
            each.sendall(b"GET /waits/1000 HTTP/1.1\r\nhost: x\r\n\r\n")
        httpx.get(f"{service.url}/health")  # what came before it has been read, too
        service.process.send_signal(signal.SIGTERM)
        assert [each.recv(12) for each in asking] == [b"HTTP/1.1 200"] * 5
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{service.url}/health", timeout=0.5)
        service.process.communicate(timeout=15)
        assert service.process.returncode in (0, -signal.SIGTERM)  # as uvicorn has it


@pytest.mark.parametrize("level", ["info", "warning"])
def test_logs_tell_nothing_that_a_request_carried(tmp_path: Path, level: str) -> None:
    with serving(tmp_path, LOG_LEVEL=level) as service:
        marked = {"authorization": f"Bearer {SECRET}", "cookie": f"a={SECRET}", "x-forwarded-for": SECRET}
        defect = httpx.post(
            f"{service.url}/defects/{SECRET}?q={SECRET}", json={"words": SECRET}, headers=marked
        )
        assert defect.status_code == 500
        httpx.post(f"{service.url}/words", content=SECRET, headers={"content-type": "application/json"})
        httpx.get(f"{service.url}/{SECRET}", headers=marked)
        service.said(f"GET {SECRET}\r\n\r\n".encode())
        output = service.stop()
    assert SECRET not in output
    assert SECRET not in defect.text
    told = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert any(line["event"] == "a defect" and line["exception"] == "builtins.RuntimeError" for line in told)
