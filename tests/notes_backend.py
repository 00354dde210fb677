"""A small backend that keeps its contract, and breaks it in the ways that `DEFECTS` names: what gates from
outside are tested on.

Run as `python notes_backend.py PORT`. Everything is in memory; nothing of Backwright is imported.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEFECTS = set(filter(None, os.environ.get("DEFECTS", "").split(",")))
SECRET = b"not a secret: this backend is made to be broken"
LARGEST = 1024 * 1024


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def broken(name: str) -> bool:
    return name in DEFECTS


# Tokens --------------------------------------------------------------------------------------------


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signature(text: str) -> str:
    return encoded(hmac.new(SECRET, text.encode(), hashlib.sha256).digest())


def token_for(account: int) -> str:
    text = f"{encoded({'alg': 'HS256'})}.{encoded({'sub': account, 'exp': 4102444800})}"
    return f"{text}.{signature(text)}"


def account_of(token: str) -> int:
    try:
        header, claims, signed = token.split(".")
        algorithm = decoded(header)["alg"]
        good = hmac.compare_digest(signed, signature(f"{header}.{claims}")) and algorithm == "HS256"
        if good or broken("unverified") or (broken("unsigned") and algorithm == "none"):
            if decoded(claims)["exp"] < time.time() and not broken("ended"):
                raise Refused(401, "the token has ended")
            return int(decoded(claims)["sub"])
    except (ValueError, KeyError, TypeError):
        if broken("crash_on_token"):
            raise
    raise Refused(401, "the token is invalid")


# State ---------------------------------------------------------------------------------------------

ACCOUNTS: dict[int, dict[str, Any]] = {}
NOTES: dict[int, dict[str, Any]] = {}
FAILED: dict[str, int] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body go out together

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def version_string(self) -> str:
        return "notes/1.2.3" if broken("banner") else "notes"

    # Routing ------------------------------------------------------------------------------------

    def do(self) -> None:
        try:
            status, body = self.answer(self.command, urlsplit(self.path).path)
        except Refused as refused:
            status, body = refused.status, {"error": str(refused)}
        except Exception as error:
            told = f'Traceback (most recent call last):\n  File "/app/notes.py", line 7\n{error!r}'
            status, body = 500, {"error": told if broken("stack_trace") else "an error"}
        self.reply(status, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do

    do_TRACE = do

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        body = self.read()
        if broken("override"):
            method = self.headers.get("X-HTTP-Method-Override", method)
        if method == "TRACE":
            if not broken("trace"):
                raise Refused(405, "no such method")
            return 200, {"headers": dict(self.headers)}
        if broken("forgotten_file") and path == "/.env":
            return 200, {"SECRET": "swordfish"}
        if broken("old_version") and path == "/v1/notes":
            return 200, {"notes": list(NOTES.values())}
        route = path.removeprefix("/v2")
        found = re.fullmatch(r"/notes/([^/]+)", route)
        if not path.startswith("/v2"):
            raise Refused(404, "there is nothing here")
        if route == "/accounts" and method == "POST":
            return self.register(body)
        if route == "/forgotten-passwords" and method == "POST":
            email = body.get("email") if isinstance(body, dict) else None
            if not isinstance(email, str) or not 3 <= len(email) <= 100 or "@" not in email:
                raise Refused(422, "the mail address is invalid")
            if broken("tells_forgotten") and all(each["email"] != email for each in ACCOUNTS.values()):
                raise Refused(404, "nobody has it")
            return 202, None
        if route == "/sessions" and method == "POST":
            return self.sign_in(body)
        if route == "/notes" and method in {"GET", "POST"}:
            return self.list() if method == "GET" else self.create(body)
        if found and method in {"GET", "PUT", "DELETE"}:
            return self.one(method, found[1], body)
        if found or route in {"/accounts", "/sessions", "/notes", "/forgotten-passwords"}:
            raise Refused(405, "no such method")
        raise Refused(404, "there is nothing here")

    # Operations ---------------------------------------------------------------------------------

    def register(self, body: Any) -> tuple[int, Any]:
        email, password = self.credentials(body)
        if any(each["email"] == email for each in ACCOUNTS.values()):
            raise Refused(409, "there is such an account")
        hashed = "pbkdf2_sha256$" + hashlib.sha256(password.encode()).hexdigest()
        account = {"id": len(ACCOUNTS) + 1, "email": email, "password_hash": hashed}
        ACCOUNTS[account["id"]] = account
        return (200 if broken("wrong_status") else 201), self.signed_in(account)

    def sign_in(self, body: Any) -> tuple[int, Any]:
        email, password = self.credentials(body)
        if FAILED.get(email, 0) >= 10 and not broken("no_login_limit"):
            raise Refused(429, "too many tries")
        account = next((each for each in ACCOUNTS.values() if each["email"] == email), None)
        if account is None and broken("enumeration"):
            raise Refused(401, "there is no such account")
        hashed = "pbkdf2_sha256$" + hashlib.sha256(password.encode()).hexdigest()
        if account is None or account["password_hash"] != hashed:
            FAILED[email] = FAILED.get(email, 0) + 1
            raise Refused(401, "wrong email or password")
        return 200, self.signed_in(account)

    def signed_in(self, account: dict[str, Any]) -> dict[str, Any]:
        shown = dict(account) if broken("hash_shown") else {key: account[key] for key in ("id", "email")}
        return {"account": shown, "token": token_for(account["id"])}

    def credentials(self, body: Any) -> tuple[str, str]:
        email, password = body.get("email"), body.get("password")
        if not isinstance(email, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", email) or len(email) > 100:
            raise Refused(422, "email")
        if not isinstance(password, str) or not 8 <= len(password) <= 100:
            raise Refused(422, "password")
        return email, password

    def list(self) -> tuple[int, Any]:
        caller = None if broken("open_list") and not self.headers.get("Authorization") else self.caller()
        given = parse_qs(urlsplit(self.path).query, keep_blank_values=True).get("limit", ["20"])[-1]
        if not re.fullmatch(r"[0-9]{1,9}", given, re.ASCII) or int(given) < 1:
            raise Refused(422, "limit")
        if int(given) > 100 and not broken("no_page_limit"):
            raise Refused(422, "limit")
        mine = [note for note in NOTES.values() if note["owner"] == caller]
        return 200, {"notes": mine[::-1][: int(given)]}

    def create(self, body: Any) -> tuple[int, Any]:
        caller, values = self.caller(), self.values(body)
        note = {"id": len(NOTES) + 1, "owner": caller, "pinned": False, **values}
        if broken("mass_assignment"):
            note |= {key: value for key, value in body.items() if key in {"pinned", "owner"}}
        NOTES[note["id"]] = note
        if broken("wrong_schema"):
            return 201, {**note, "id": str(note["id"])}
        return 201, note

    def one(self, method: str, key: str, body: Any) -> tuple[int, Any]:
        caller = self.caller()
        note = NOTES.get(int(key)) if re.fullmatch(r"[0-9]{1,9}", key, re.ASCII) else None
        allowed = {"GET": "read_others", "PUT": "change_others", "DELETE": "delete_others"}[method]
        disguised = broken("override") and "X-HTTP-Method-Override" in self.headers
        if (
            note is None
            or not note["owner"]
            or (note["owner"] != caller and not broken(allowed) and not disguised)
        ):
            raise Refused(404, "there is no such note")
        if method == "PUT":
            note |= self.values(body)
        if method == "DELETE":
            NOTES[note["id"]] = {**note, "owner": 0}
            return 204, None
        return 200, note

    def values(self, body: Any) -> dict[str, Any]:
        title, hook = body.get("title"), body.get("hook")
        if broken("sql") and isinstance(title, str) and "'" in title:
            raise RuntimeError("unterminated quoted string")
        good = isinstance(title, str) and 1 <= len(title) <= 200
        if not good and not broken("unvalidated"):
            raise Refused(422, "title")
        if broken("template") and title == "{{7191*7}}":
            title = "50337"
        values = {"title": title}
        if hook is not None or "hook" in body:
            if (
                not isinstance(hook, str)
                or len(hook) > 200
                or not re.match(r"https?://[\w.:-]+(/\S*)?$", hook)
            ):
                raise Refused(422, "hook")
            values["hook"] = hook
            if broken("fetching"):
                with suppress(OSError, ValueError):
                    urllib.request.urlopen(hook, timeout=0.05)
        return values

    # Around -------------------------------------------------------------------------------------

    def caller(self) -> int:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(401, "a token is required")
        return account_of(token)

    def read(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST and not broken("large_bodies"):
            self.close_connection = True
            raise Refused(413, "the body is too large")
        content = self.rfile.read(length)
        if self.command not in {"POST", "PUT"}:
            return {}
        if broken("large_bodies") and length > LARGEST:
            return {"title": "large", "email": "large@example.com", "password": "longenough"}
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            if broken("deep_bodies") and isinstance(error, RecursionError):
                raise
            raise Refused(400, "the body is no JSON") from None
        if not isinstance(body, dict) and not broken("stack_trace"):
            raise Refused(422, "the body is no object")
        return body

    def media(self) -> str:
        is_list = self.command == "GET" and self.path.endswith("/notes")
        return "text/plain" if is_list and broken("wrong_type_of_lists") else "application/json"

    def reply(self, status: int, body: Any) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if content:
            self.send_header("Content-Type", self.media())
        if not broken("sniffing"):
            self.send_header("X-Content-Type-Options", "nosniff")
        if not broken("shared_cache"):
            self.send_header("Cache-Control", "no-store")
        if broken("any_origin") and self.headers.get("Origin"):
            self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
            self.send_header("Access-Control-Allow-Credentials", "true")
        if status == 405:
            self.send_header("Allow", "GET, POST, PUT, DELETE")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
