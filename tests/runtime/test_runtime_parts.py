"""Settings, the scripted seam, tokens, passwords and the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from runtime.library.app import MIGRATIONS, Settings

from backwright.reference.seam import Seam as ReferenceSeam
from backwright.reference.seam import now as reference_now
from backwright.reference.texts import header as reference_header
from backwright.reference.texts import slug as reference_slug
from backwright_runtime import (
    Cipher,
    Forbidden,
    InvalidCredentials,
    Passwords,
    SettingsError,
    base64_text,
    decimal_text,
    file,
    slug,
    suffixed,
    timestamp,
)
from backwright_runtime.cipher import Unreadable
from backwright_runtime.seam import SYSTEM
from backwright_runtime.settings import EncryptionKey, TokenKey
from backwright_runtime.testing import ScriptedSeam
from backwright_runtime.texts import header_text
from backwright_runtime.tokens import Tokens

SECRET = "a secret that is long enough to be a key"
GOOD = {"DATABASE_URL": "postgresql://me:hunter2@db/books", "TOKEN_KEYS": f"new:{SECRET},old:{SECRET}2"}


def test_settings_come_from_the_environment_and_hide_secrets() -> None:
    settings = Settings.from_environment({**GOOD, "PORT": "9000", "LOG_LEVEL": "INFO"})
    assert (settings.port, settings.log_level, settings.token_keys[0].kid) == (9000, "info", "new")
    for shown in (repr(settings), str(settings), repr(settings.token_keys)):
        assert "hunter2" not in shown
        assert SECRET not in shown


def test_every_bad_variable_is_named_at_once_and_no_value_is() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"TOKEN_KEYS": "a:short-secret", "PORT": "99999", "POOL_SIZE": "many"})
    message = str(caught.value)
    for variable in ("DATABASE_URL", "TOKEN_KEYS", "PORT", "POOL_SIZE"):
        assert variable in message
    assert "short-secret" not in message


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-inf", "much"])
def test_a_decimal_of_the_environment_is_a_number(text: str) -> None:
    class Priced(Settings, frozen=True, kw_only=True):
        margin: Decimal

    complete = {"DATABASE_URL": "sqlite:///service.db", "TOKEN_KEYS": f"a:{SECRET}"}
    assert Priced.from_environment(complete | {"MARGIN": "0.10"}).margin == Decimal("0.10")
    with pytest.raises(SettingsError, match="MARGIN: is not of the expected type"):
        Priced.from_environment(complete | {"MARGIN": text})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@db/books",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://me:hunter2@db:port/books",
        "postgresql://me:hunter2@one:5432,two:port/books",
    ],
)
def test_an_address_that_cannot_be_one_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL: ") as caught:
        Settings.from_environment({**GOOD, "DATABASE_URL": url})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/service.db",
        "postgresql://db/books",
        "postgresql://me:a:b@[::1]:5432/books",
        "postgresql://one:5432,two:5433/books?sslmode=require",
        "postgresql:///books?host=/run/postgresql",
    ],
)
def test_an_address_that_can_be_one_is_taken_as_it_is(url: str) -> None:
    assert Settings.from_environment({**GOOD, "DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("port", ["000000000000065536999", "8e3", "²", "-1", "65536"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match="PORT: must be a number from 0 to 65535"):
        Settings.from_environment({**GOOD, "PORT": port})


def test_the_scripted_seam_follows_its_formula() -> None:
    moment = ScriptedSeam().begin("v-1500")
    assert moment.now == datetime(2030, 1, 1, 0, 0, 1, 500000, UTC)
    for position in range(2):
        made = moment.new_id()
        assert made.version == 7
        assert made.int >> 80 == int(moment.now.timestamp() * 1000)
        digest = int.from_bytes(sha256(f"v-1500/{position}".encode()).digest()[:10])
        mask = (1 << 80) - 1 & ~(0xF << 76) & ~(0b11 << 62)
        assert made.int & mask == digest & mask
        assert made.variant == UUID(int=0x8 << 60).variant
    assert ScriptedSeam().begin("other").now == datetime(2030, 1, 1, tzinfo=UTC)


def test_the_scripted_seam_counts_everything_that_is_made_up_together() -> None:
    ours, theirs = ScriptedSeam().begin("v-7"), ReferenceSeam("v-7", reference_now("v-7"))
    assert ours.now == theirs.at
    for _ in range(3):
        assert (ours.new_id(), ours.new_token(), ours.new_suffix()) == (
            theirs.id(),
            theirs.token(),
            theirs.suffix(),
        )


def test_the_real_seam_makes_different_ids() -> None:
    moment = SYSTEM.begin("any")
    assert len({moment.new_id() for _ in range(100)}) == 100
    assert len({moment.new_token() for _ in range(100)}) == 100
    assert (len(moment.new_token()), len(moment.new_suffix())) == (32, 8)
    assert moment.now.tzinfo is UTC


def test_tokens_rotate_expire_and_belong_to_one_service() -> None:
    old, new = TokenKey("old", SECRET), TokenKey("new", SECRET + "2")
    now, subject = datetime(2030, 1, 1, tzinfo=UTC), UUID(int=7)
    issued = Tokens("library", [old], 60).issue(subject, now)
    tokens = Tokens("library", [new, old], 60)
    for _ in range(2):  # the second time it is remembered
        session = tokens.session(issued, now + timedelta(seconds=59))
        assert session is not None
        assert (session.subject, session.expires_at) == (str(subject), now + timedelta(seconds=60))
        assert tokens.session(issued, now + timedelta(seconds=60)) is None
    assert Tokens("library", [new], 60).session(issued, now) is None
    assert Tokens("archive", [new, old], 60).session(issued, now) is None
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoib2xkIn0." + issued.split(".")[1] + "."
    assert tokens.session(unsigned, now) is None


def test_a_token_begins_in_the_second_in_which_it_is_made() -> None:
    late = datetime(2030, 1, 1, 0, 0, 0, 999_999, UTC)
    issued = Tokens("library", [TokenKey("k", SECRET)], 1).begin(5, late, with_csrf=True)
    assert issued.expires_at == datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert len(issued.csrf or "") == 32
    read = Tokens("library", [TokenKey("k", SECRET)], 1).session(issued.token, late)
    assert read == issued


# Encryption -----------------------------------------------------------------------------------------

FIRST, SECOND = EncryptionKey("one", SECRET), EncryptionKey("two", SECRET + "2")


def test_what_is_encrypted_is_read_again_by_any_key() -> None:
    old, both = Cipher([FIRST]), Cipher([SECOND, FIRST])
    for text in ("", "secret", "ü😀" * 1000):
        for stored in (old.encrypt(text, "person.ssn"), old.encrypt_same(text, "person.ssn")):
            assert text not in stored or not text
            assert both.decrypt(stored, "person.ssn") == text
            assert stored.startswith("one:")
        assert both.encrypt(text, "person.ssn").startswith("two:")
    assert old.encrypt(None, "person.ssn") is old.encrypt_same(None, "x") is old.decrypt(None, "x") is None


def test_equal_values_are_told_apart_unless_they_have_to_be_compared() -> None:
    cipher = Cipher([SECOND, FIRST])
    assert cipher.encrypt("a", "person.ssn") != cipher.encrypt("a", "person.ssn")
    stored = cipher.encrypt_same("a", "person.ssn")
    assert stored == cipher.encrypt_same("a", "person.ssn") != cipher.encrypt_same("a", "person.note")
    assert cipher.candidates("a", "person.ssn") == [stored, Cipher([FIRST]).encrypt_same("a", "person.ssn")]


@pytest.mark.parametrize("same", [False, True])
def test_what_was_moved_or_changed_is_unreadable(same: bool) -> None:
    cipher = Cipher([FIRST])
    stored = (cipher.encrypt_same if same else cipher.encrypt)("secret", "person.ssn")
    kid, mode, text = stored.split(":")
    changed = text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:]
    for wrong in (
        f"{kid}:{mode}:{changed}",
        f"two:{mode}:{text}",
        f"{kid}:{mode}",
        "secret",
        f"{kid}:{mode}:",
    ):
        with pytest.raises(Unreadable) as caught:
            cipher.decrypt(wrong, "person.ssn")
        assert "secret" not in str(caught.value)
    with pytest.raises(Unreadable):
        cipher.decrypt(stored, "person.note")


def test_keys_of_encryption_come_from_the_environment_and_stay_hidden() -> None:
    settings = Settings.from_environment({**GOOD, "ENCRYPTION_KEYS": f"new:{SECRET},old:{SECRET}2"})
    assert [key.kid for key in settings.encryption_keys] == ["new", "old"]
    assert SECRET not in repr(settings) + repr(settings.encryption_keys)
    with pytest.raises(SettingsError, match="ENCRYPTION_KEYS: the secret of key 1 is shorter") as caught:
        Settings.from_environment({**GOOD, "ENCRYPTION_KEYS": "k:short-secret"})
    assert "short-secret" not in str(caught.value)


# Text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["Hello, World!", "Ünïcode Ärger", "  --a--  ", "😀", "", "İstanbul", "x" * 100, "a b" * 40, "ﬁne ½"],
)
@pytest.mark.parametrize("longest", [80, 7, 2])
def test_slugs_are_those_of_the_reference(text: str, longest: int) -> None:
    assert slug(text, longest) == reference_slug(text, longest)


def test_a_slug_that_is_taken_or_empty_gets_a_suffix() -> None:
    assert (suffixed("hello", "0a1b2c3d", 80), suffixed("", "0a1b2c3d", 80)) == ("hello-0a1b2c3d", "0a1b2c3d")


def test_how_values_are_printed() -> None:
    assert (
        timestamp(datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == "2029-12-31T23:00:00.000000Z"
    )
    assert [decimal_text(Decimal(text), 2) for text in ("1", "0.005", "-0.005", "-0.001", "1E+3")] == [
        "1.00", "0.01", "-0.01", "0.00", "1000.00",
    ]  # fmt: skip
    assert decimal_text(Decimal("0.00000001"), 8) == "0.00000001"
    assert timestamp(None) is decimal_text(None, 2) is base64_text(None) is None
    assert base64_text(b"\x00\x01") == "AAE="


@pytest.mark.parametrize(
    "media", ["text/html\r\nset-cookie: a=b", "text", "", None, "a/b; c=d; e=f", "tëxt/html"]
)
def test_a_media_type_that_is_none_is_not_repeated(media: str | None) -> None:
    answered = file(b"x", media=media).content
    assert answered is not None
    assert answered.media == "application/octet-stream"


@given(st.text())
def test_a_header_is_one_line_whatever_the_text(text: str) -> None:
    carried = header_text(text)
    assert carried == reference_header(text)
    assert carried.isascii() and carried.isprintable()


class User(Struct):
    secret: str | None


def test_passwords_are_argon2id_and_a_missing_user_costs_as_much(run: Any) -> None:
    async def story() -> None:
        passwords = Passwords()
        hashed = await passwords.hash("correct horse")
        assert hashed.startswith("$argon2id$")
        user = User(hashed)
        assert await passwords.verified(user, user.secret, "correct horse") is user
        for who, secret in ((user, hashed), (user, None), (None, None)):
            with pytest.raises(InvalidCredentials):
                await passwords.verified(who, secret, "wrong horse")
            with pytest.raises(Forbidden, match="wrong_secret"):
                await passwords.verified(who, secret, "wrong horse", Forbidden(code="wrong_secret"))

        async def cost(who: User | None) -> float:
            times = []
            for _ in range(3):
                started = time.perf_counter()
                with pytest.raises(InvalidCredentials):
                    await passwords.verified(who, who.secret if who else None, "wrong horse")
                times.append(time.perf_counter() - started)
            return min(times)

        assert 0.3 < await cost(None) / await cost(user) < 3

    run(story())


def test_a_port_that_is_taken_ends_the_service(sqlite_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, output = finished("serve", DATABASE_URL=sqlite_url, TOKEN_KEYS=f"a:{SECRET}", PORT=port)
    assert code == 1
    assert "address already in use" in output


RUN = "from runtime.library.app import *; from backwright_runtime.command import main; "
RUN += "main(lambda s: create_app(s), Settings, migrations=MIGRATIONS)"


def command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "src"), str(root / "tests")])
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(*arguments: str, **environment: str) -> tuple[int, str]:
    process = command(*arguments, **environment)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


def test_the_command_line_migrates_serves_and_stops(sqlite_url: str) -> None:
    environment = {"DATABASE_URL": sqlite_url, "TOKEN_KEYS": f"k:{SECRET}"}
    assert finished("migrate", "status", **environment)[0] == 1
    assert finished("migrate", "up", **environment) == (0, f"applied {next(MIGRATIONS.iterdir()).name}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = command("serve", PORT=str(port), **environment)
    try:
        deadline = time.monotonic() + 15
        while True:
            try:
                ready = httpx.get(f"http://127.0.0.1:{port}/ready")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert ready.status_code == 200
        assert "server" not in ready.headers
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
    assert '"route":"/ready","status":200' in output
    assert SECRET not in output


def test_wrong_usage_and_environment_exit_with_2() -> None:
    assert finished("dance")[0] == 2
    code, output = finished("serve")
    assert code == 2
    assert "DATABASE_URL" in output
    code, output = finished(
        "migrate", "up", DATABASE_URL="postgresql://nobody@127.0.0.1:1/x", TOKEN_KEYS=f"k:{SECRET}"
    )
    assert code == 1
    assert "DATABASE_URL" in output
