"""The safe helpers of custom logic refuse what attackers and accidents ask of them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ipaddress
import socket
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvloop

from backwright_runtime.safe import Refused, archives, files, http, patterns, programs, templates

# Files --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> files.Folder:
    return files.Folder(tmp_path / "folder", largest=100)


def test_what_is_written_is_read(folder: files.Folder) -> None:
    folder.write("a/b.txt", b"one")
    folder.write("a/b.txt", b"two")
    assert folder.read("a/b.txt") == b"two"
    assert list(folder.names()) == ["a/b.txt"]
    folder.remove("a/b.txt")
    folder.remove("a/b.txt")
    with pytest.raises(FileNotFoundError):
        folder.read("a/b.txt")


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "./a", "a\\..\\b", "nul\0", "x" * 300, "a\nb"],
)  # fmt: skip
def test_a_name_does_not_lead_out(name: str, folder: files.Folder) -> None:
    for ask in (folder.read, folder.path, folder.remove, lambda each: folder.write(each, b"")):
        with pytest.raises(Refused):
            ask(name)


def test_a_link_leads_nowhere(folder: files.Folder, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder.root / "file").symlink_to(tmp_path / "secret")
    (folder.root / "up").symlink_to(tmp_path)
    for name in ("file", "up/secret"):
        with pytest.raises(Refused):
            folder.read(name)
    assert list(folder.names()) == []


def test_a_file_has_a_size(folder: files.Folder) -> None:
    with pytest.raises(Refused):
        folder.write("large", b"x" * 101)
    (folder.root / "large").write_bytes(b"x" * 101)
    with pytest.raises(Refused):
        folder.read("large")


# Archives -----------------------------------------------------------------------------------------------


def zipped(**contents: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return found.getvalue()


def tarred(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = len(content), kind, target
        archive.addfile(info, io.BytesIO(content))
    return found.getvalue()


def test_an_archive_is_unpacked(folder: files.Folder) -> None:
    assert archives.extract(zipped(**{"a/b": b"1", "c": b"2"}), folder) == ["a/b", "c"]
    assert folder.read("a/b") == b"1"
    assert archives.extract(tarred("d/e", b"3"), folder) == ["d/e"]
    assert folder.read("d/e") == b"3"


@pytest.mark.parametrize(
    "archive",
    [
        zipped(**{"fine": b"1", "../out": b"2"}),
        zipped(**{"/abs": b"2"}),
        tarred("../out", b"2"),
        tarred("link", kind=tarfile.SYMTYPE, target="/etc/passwd"),
        tarred("device", kind=tarfile.CHRTYPE),
        b"no archive at all",
        b"PK\x03\x04 half a header",
    ],
    # Named, because gzip writes the time: every worker of a run must collect the same names.
    ids=["out", "absolute", "tar-out", "link", "device", "no-archive", "half"],
)
def test_an_archive_does_not_lead_out_and_nothing_is_written(archive: bytes, folder: files.Folder) -> None:
    with pytest.raises(Refused):
        archives.extract(archive, folder)
    assert list(folder.names()) == []


def test_an_archive_does_not_explode() -> None:
    bomb = zipped(zeros=b"\0" * 5_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(Refused):
        list(archives.entries(bomb, largest=1_000_000))
    with pytest.raises(Refused):
        list(archives.entries(zipped(**{str(n): b"" for n in range(20)}), most=10))


# Programs -----------------------------------------------------------------------------------------------


def python(code: str, **options: object) -> programs.Finished:
    return asyncio.run(programs.run(sys.executable, ["-c", code], **options))  # type: ignore[arg-type]


def test_a_program_runs_without_a_shell_and_without_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_KEYS", "a secret")
    done = python("import os, sys; print(sys.stdin.read(), os.environ.get('TOKEN_KEYS'))", given=b"hello; ls")
    assert (done.code, done.output) == (0, b"hello; ls None\n")
    assert asyncio.run(programs.run("printf", ["%s", "$(id); `id`"])).output == b"$(id); `id`"
    assert python("import sys; sys.exit(3)").code == 3


def test_a_program_has_limits() -> None:
    for code, options in (
        ("import time; time.sleep(30)", {"seconds": 0.5}),
        ("import sys\nwhile True: sys.stdout.write('x' * 10000)", {"largest": 100_000}),
    ):
        with pytest.raises(Refused):
            python(code, **options)
    assert python("import time; time.sleep(0.3); x = b'x' * 400_000_000", memory=200_000_000).code != 0
    with pytest.raises(Refused):
        asyncio.run(programs.run("no-such-program"))
    with pytest.raises(Refused):
        asyncio.run(programs.run("printf", ["a\0b"]))


@pytest.mark.parametrize("begin", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_program_that_says_too_much_is_not_waited_for(begin: Callable[[Any], Any]) -> None:
    """Its pipe is still full when it is killed, and nobody reads what is left of it. Once in some tries this hung."""

    async def often() -> None:
        code = "import sys\nwhile True: sys.stdout.write('x' * 10000)"
        for _ in range(25):
            with pytest.raises(Refused):
                await programs.run(sys.executable, ["-S", "-c", code], largest=100_000)
        done = await programs.run("cat", given=b"x" * 300_000)
        assert (done.code, len(done.output)) == (0, 300_000)

    begin(often())


def test_a_pipe_that_somebody_else_holds_open_is_not_waited_for(tmp_path: Path) -> None:
    """What has left the session of the program is not killed with it, and keeps what it has inherited."""
    over = tmp_path / "over"
    held = f"""if True:
        import os, pathlib, time
        if os.fork() == 0:
            os.setsid()
            while not pathlib.Path({str(over)!r}).exists():
                time.sleep(0.05)
        """
    try:
        with pytest.raises(Refused):
            asyncio.run(asyncio.wait_for(programs.run(sys.executable, ["-c", held], seconds=0.5), 60))
    finally:
        over.touch()


def test_what_a_program_started_does_not_outlive_it(tmp_path: Path) -> None:
    mark = tmp_path / "still-there"
    child = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(mark)!r}).touch()"
    code = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(30)"
    )
    with pytest.raises(Refused):
        python(code, seconds=0.7)
    time.sleep(1.5)
    assert not mark.exists()


# Requests -----------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(3)
        body = b"x" * 2000 if self.path == "/large" else b"hello"
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("location", "http://elsewhere.example/")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()


def ask(url: str, **options: object) -> http.Answer:
    return asyncio.run(http.request("GET", url, **options))  # type: ignore[arg-type]


def test_a_partner_in_the_own_network_is_asked_where_that_is_wanted(server: str) -> None:
    assert ask(server, plain=True, private=True, hosts=["127.0.0.1"]).body == b"hello"
    answer = ask(f"{server}/away", plain=True, private=True)
    assert (answer.status, answer.headers["location"]) == (302, "http://elsewhere.example/")


@pytest.mark.parametrize(
    "options",
    [
        {},  # not https
        {"plain": True},  # not a public address
        {"plain": True, "private": True, "hosts": ["partner.example"]},
        {"plain": True, "private": True, "largest": 3},
    ],
)
def test_nobody_else_is(options: dict[str, object], server: str) -> None:
    with pytest.raises(Refused):
        ask(f"{server}/large", **options)


def test_an_answer_takes_no_longer_than_it_may(server: str) -> None:
    with pytest.raises(Refused):
        ask(f"{server}/slow", plain=True, private=True, seconds=0.3)


@pytest.mark.parametrize(
    "url", ["https://", "ftp://a.example", "https://user@a.example", "https://a.example/\r\nX: y", "https://a:b/", "file:///etc/passwd"]
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        ask(url)


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(Refused):
        ask("https://metadata.example/")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert http.is_public(ipaddress.ip_address(address)) is public


# Templates and patterns ---------------------------------------------------------------------------------


def test_values_are_escaped() -> None:
    assert templates.html("<b>{{ name }}</b>", {"name": "<i>"}) == "<b>&lt;i&gt;</b>"
    assert templates.text("Dear {{ name }}", {"name": "A & B"}) == "Dear A & B"


@pytest.mark.parametrize(
    "template",
    [
        "{{ nothing }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ values.append(1) }}",
        "{% for i in range(100000000) %}x{% endfor %}",
        "{% for i in range(90000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{{ 1 / }}",
    ],
)
def test_a_template_stays_in_its_sandbox(template: str) -> None:
    with pytest.raises(Refused):
        templates.html(template, {"values": [1]})


def test_patterns_take_linear_time() -> None:
    assert patterns.matches("[A-Z]{2}[0-9]+", "AB12")
    assert not patterns.matches("[A-Z]{2}", "AB12")
    assert patterns.groups("(?P<a>[a-z]+)-(?P<b>x)?", "abc-") == {"a": "abc", "b": ""}
    assert patterns.every("[0-9]+", "a1b22") == ["1", "22"]
    assert not patterns.matches("(a+)+b", "a" * 50_000)  # another engine would not come back
    for wrong in ("(", "a" * 2000, "(?=a)"):
        with pytest.raises(Refused):
            patterns.matches(wrong, "a")
