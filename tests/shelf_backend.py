"""A second backend that keeps its contract and breaks it on purpose: shelves with books in them, pages, versions, keys.

It has what `notes_backend` has not: lists with totals and filters, things in things, sessions that end, conditions,
stamps that run out. Everything is in memory; nothing of Backwright is imported.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEFECTS: set[str] = set()
ACCOUNTS: dict[str, str] = {}
ENDED: set[str] = set()
SHELVES: dict[int, dict[str, Any]] = {}
BOOKS: dict[int, dict[str, Any]] = {}
MARKS: dict[int, dict[str, Any]] = {}
TAGS: dict[tuple[str, str], int] = {}
KEYS: dict[int, str] = {}
NAMED: dict[int, str] = {}
DONE: dict[str, Any] = {}
LOCK = threading.Lock()


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def broken(name: str) -> bool:
    return name in DEFECTS


def clear() -> None:
    for state in (ACCOUNTS, ENDED, SHELVES, BOOKS, MARKS, TAGS, KEYS, NAMED, DONE, DEFECTS):
        state.clear()


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token_for(name: str) -> str:
    claims: dict[str, Any] = {"sub": name, "jti": len(TOKENS)}
    claims |= {} if broken("endless") else {"exp": 4102444800}
    claims |= {"password": "hunter2"} if broken("secret_claim") else {}
    head = encoded(b'{"alg": "HS256"}')
    text = f"{head}.{encoded(json.dumps(claims).encode())}"
    key = b"changeme" if broken("weak_key") else b"kept by nobody else: 5f1c8e"
    return f"{text}.{encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


TOKENS: dict[str, str] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def do(self) -> None:
        parts = urlsplit(self.path)
        self.query = {
            name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()
        }
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.sent: dict[str, str] = {}
        try:
            self.body = json.loads(content) if content else {}
            status, body = self.answer(self.command, parts.path)
        except Refused as refused:
            status, body = refused.status, {"error": self.token() if broken("echoes") else "refused"}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            status, body = 422, {"error": "invalid"}
        self.reply(status, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        if (method, path) == ("POST", "/accounts"):
            return self.register()
        if (method, path) == ("POST", "/sessions"):
            return self.sign_in()
        self.caller = self.who()
        match method, path.strip("/").split("/"):
            case "POST", ["password"]:
                return self.change_password()
            case "POST", ["sign-out"]:
                if not broken("lasting"):
                    ENDED.add(self.token())
                return 204, None
            case "GET", ["statistics"]:
                if not self.caller.startswith("bob") and not broken("open_function"):
                    raise Refused(403)
                return 200, {"shelves": len(SHELVES)}
            case "GET", ["tally"]:
                mine = [each for each in SHELVES.values() if each["owner"] == self.caller]
                return 200, {"mine": len(SHELVES if broken("tallies_all") else mine)}
            case "GET", ["me"]:
                return 200, {"id": self.caller}
            case "POST", ["loans"]:
                number = int(self.body["shelf_id"])
                return 201, {
                    "id": 1,
                    "shelf_id": number if broken("lends_any") else self.shelf(str(number))["id"],
                }
            case "POST", ["tags"]:
                return self.tag()
            case "GET", ["keys"]:
                mine = [
                    each
                    for each, token in KEYS.items()
                    if token not in ENDED and (TOKENS[token] == self.caller or broken("keys_of_others"))
                ]
                return 200, [{"id": each, "name": NAMED[each]} for each in mine]
            case "POST", ["keys"]:
                NAMED[len(KEYS) + 1] = str(self.body["name"])
                token = f"key-of-somebody-{len(KEYS)}"
                KEYS[len(KEYS) + 1] = token
                TOKENS[token] = self.caller
                return 201, {"id": len(KEYS), "value": token, "name": self.body["name"]}
            case "DELETE", ["keys", number]:
                if TOKENS[KEYS[int(number)]] != self.caller:
                    raise Refused(404)
                ENDED.update({KEYS[int(number)]} if not broken("lasting_keys") else set())
                return 204, None
            case "GET", ["marks", mark]:
                found = MARKS[int(mark)]
                if not broken("marks_of_others"):
                    self.shelf(str(found["shelf"]))
                return 200, found
            case "GET" | "POST", ["shelves", shelf, "marks"]:
                return self.marks(method, self.shelf(shelf))
            case "POST", ["shelves", shelf, "visits"]:
                return self.visit(self.shelf(shelf))
            case "POST", ["shelves", shelf, "seal"]:
                return self.seal(self.shelf(shelf))
            case "GET", ["search"]:
                text = self.query["q"]
                mine = [each["id"] for each in SHELVES.values() if each["owner"] == self.caller]
                mine += [
                    each["id"] for each in SHELVES.values() if not each["owner"] and broken("found_after")
                ]
                return 200, [
                    each for each in BOOKS.values() if each["shelf"] in mine and text in each["title"]
                ]
            case "GET", ["go"]:
                return self.go()
            case "GET", ["shelves"]:
                return self.list()
            case "POST", ["shelves"]:
                return self.once(self.create)
            case "GET" | "PUT" | "PATCH" | "DELETE", ["shelves", shelf]:
                return self.one(method, shelf)
            case "POST", ["shelves", shelf, "stamps"]:
                return self.stamp(self.shelf(shelf))
            case "GET" | "POST", ["shelves", shelf, "books"]:
                return self.books(method, shelf)
            case "GET" | "DELETE", ["shelves", shelf, "books", book]:
                return self.book(method, self.shelf(shelf), book)
        raise Refused(404)

    # Who ----------------------------------------------------------------------------------------

    def register(self) -> tuple[int, Any]:
        name = self.body["name"]
        if not isinstance(name, str) or name in ACCOUNTS:
            raise Refused(422)
        ACCOUNTS[name] = str(self.body["password"])
        return 201, {"name": name}

    def sign_in(self) -> tuple[int, Any]:
        name = str(self.body["name"])
        if ACCOUNTS.get(name) != self.body["password"]:
            raise Refused(401)
        TOKENS[token := token_for(name)] = name
        return 201, {"token": token}

    def change_password(self) -> tuple[int, Any]:
        """Whoever else is signed in is so no longer."""
        if self.body["old_password"] != ACCOUNTS[self.caller] and not broken("any_old_password"):
            raise Refused(403)
        new = self.body["new_password"]
        if not isinstance(new, str) or not 8 <= len(new) <= 80:
            raise Refused(422)
        if not broken("keeps_old_password"):
            ACCOUNTS[self.caller] = new
        others = {token for token, name in TOKENS.items() if name == self.caller and token != self.token()}
        ENDED.update(others if not broken("keeps_sessions") else set())
        return 204, None

    def token(self) -> str:
        if cookie := self.headers.get("Cookie"):
            if self.command != "GET" and not self.headers.get("X-Guard") and not broken("no_guard"):
                raise Refused(403)
            return str(cookie).removeprefix("session=")
        return str(self.headers.get("Authorization", "")).removeprefix("Bearer").strip()

    def who(self) -> str:
        token = self.token()
        if "Authorization" in self.headers and not token and broken("takes_nothing"):
            return next(iter(ACCOUNTS))
        token = self.query.get("token", token) if broken("takes_from_address") else token
        if token not in TOKENS or token in ENDED:
            raise Refused(401)
        return TOKENS[token]

    def renewed(self) -> dict[str, str]:
        """A cookie that callers are known by is renewed."""
        if self.command != "GET" or not self.headers.get("Cookie"):
            return {}
        return {"Set-Cookie": f"session={self.token()}{'' if broken('scripted') else '; HttpOnly'}"}

    # Shelves ------------------------------------------------------------------------------------

    def list(self) -> tuple[int, Any]:
        limit, skip = int(self.query.get("limit", "20")), int(self.query.get("offset", "0"))
        if not 1 <= limit <= 50 or skip < 0:
            raise Refused(422)
        text, everyone = self.query.get("q", ""), list(SHELVES.values())
        leaks = broken("list_leaks") or (text and broken("filter_leaks"))
        rows = [each for each in everyone if leaks or each["owner"] == self.caller]
        if broken("sql") and "'" in text:
            rows = rows if text.endswith("1'='1") or "'1'='1'" in text else []
        else:
            rows = [each for each in rows if text in each["label"] or broken("unsearched")]
        if (least := self.query.get("min_floor")) is not None:
            rows = [each for each in rows if each["floor"] >= int(least) + broken("above")]
        if (asked := self.query.get("open")) is not None:
            if asked not in {"true", "false"}:
                raise Refused(422)
            rows = [each for each in rows if each["open"] == (asked == "true") or broken("open_ignored")]
            rows = rows[broken("drops_first") :]
        if broken("sleeps") and (found := re.search(r"pg_sleep\((\d)\)", text)):
            time.sleep(float(found[1]))
        if (order := self.query.get("sort")) and not broken("unsorted"):
            rows.sort(key=lambda each: each["label"], reverse=order == "-label")
        total = len(everyone) if broken("total_leaks") else len(rows) - broken("miscounts")
        if broken("counts_all"):
            total = sum(each["owner"] == self.caller for each in everyone)
        skip = max(0, skip + broken("loses") * bool(skip) - broken("repeats"))
        if broken("shuffled"):
            rows.sort(key=lambda each: hash((each["id"], time.monotonic_ns())))
        return 200, {"shelves": [self.shown(each) for each in rows[skip : skip + limit]], "total": total}

    def once(self, do: Any) -> tuple[int, Any]:
        """Done once for a key."""
        key = self.headers.get("Idempotency-Key")
        if key is None or broken("repeated"):
            return do()
        if broken("repeated_at_once"):
            if key not in DONE:
                time.sleep(0.3)
                DONE[key] = do()
            return DONE[key]
        with LOCK:
            DONE[key] = DONE.get(key) or do()
        return DONE[key]

    def create(self) -> tuple[int, Any]:
        shelf = {
            "id": len(SHELVES) + 1,
            "label": self.eaten(self.label()),
            "open": self.body.get("open", True) if not broken("always_open") else True,
            "floor": self.body.get("floor", 0) // (10 if broken("rounds") else 1),
            "owner": self.caller,
            "version": 1,
            "stamps": 0,
            "note": None,
            "visits": 0,
            "changed": 0,
        }
        shelf |= {"owner": self.body["ownerId"]} if broken("binds") and "ownerId" in self.body else {}
        SHELVES[shelf["id"]] = shelf
        return 201, self.shown(shelf)

    def eaten(self, text: str) -> str:
        text = text[:20] if broken("cuts") else text
        text = "".join(each for each in text if ord(each) < 0x10000 or not broken("eats_emoji"))
        return text.encode("ascii", "ignore").decode() if broken("eats_letters") else text

    def label(self) -> str:
        label = self.body["label"]
        if not isinstance(label, str) or not 1 <= len(label) <= 80:
            raise Refused(422)
        return label

    def shown(self, shelf: dict[str, Any]) -> dict[str, Any]:
        of = [each for each in MARKS.values() if broken("latest_of_others") or each["shelf"] == shelf["id"]]
        latest = [each["title"] for each in of[-3:]]
        return {
            name: shelf[name] for name in ("id", "label", "version", "note", "visits", "open", "floor")
        } | {"latest": latest, "updated_at": f"at {shelf['changed']}"}

    def shelf(self, key: str) -> dict[str, Any]:
        found = SHELVES.get(int(key))
        if found is None or found["owner"] != self.caller:
            raise Refused(403 if found and broken("tells") else 404)
        return found

    def one(self, method: str, key: str) -> tuple[int, Any]:
        shelf = self.shelf(key)
        tag, asked = f'"{shelf["version"]}"', self.headers.get("If-Match")
        if method == "GET":
            self.sent["ETag"] = tag
            if self.headers.get("If-None-Match") == tag and not broken("unconditional"):
                return 304, None
        if method == "PUT":
            if asked not in {None, tag} and not broken("overwrites"):
                raise Refused(412)
            shelf |= {} if broken("forgets") else {"label": self.label(), "version": shelf["version"] + 1}
            shelf["changed"] = time.monotonic_ns()
        if method == "PATCH":
            shelf |= {"note": None} if broken("clears") else {}
            shelf |= {name: str(self.body[name]) for name in ("label", "note") if name in self.body}
            shelf |= {} if broken("timeless") else {"changed": time.monotonic_ns()}
            return 200, self.shown(shelf)
        if method == "DELETE":
            self.remove(shelf)
            return 204, None
        return 200, {**self.shown(shelf), "label": self.body.get("label", shelf["label"])}

    def remove(self, shelf: dict[str, Any]) -> None:
        if broken("keeps"):
            return
        owner = self.caller if broken("keeps_in_list") else ""
        SHELVES[shelf["id"]] = {**shelf, "owner": owner, "id": shelf["id"]}
        if broken("keeps_in_list"):
            SHELVES[-shelf["id"]] = SHELVES.pop(shelf["id"])

    def stamp(self, shelf: dict[str, Any]) -> tuple[int, Any]:
        """Two are given for a shelf."""
        if not isinstance(self.body.get("colour"), str):
            raise Refused(422)
        if broken("hurried"):
            given = shelf["stamps"]
            time.sleep(0.3)
        with LOCK:
            given = given if broken("hurried") else shelf["stamps"]
            if given >= 2:
                raise Refused(409)
            shelf["stamps"] = given + 1
        return 201, {"given": given + 1}

    def visit(self, shelf: dict[str, Any]) -> tuple[int, Any]:
        visits = shelf["visits"]
        if broken("overlooked"):
            time.sleep(0.1)
        with LOCK:
            shelf["visits"] = (visits if broken("overlooked") else shelf["visits"]) + 1
        return 204, None

    def seal(self, shelf: dict[str, Any]) -> tuple[int, Any]:
        """A shelf is sealed once."""
        sealed = shelf.get("sealed")
        if broken("sealed_twice"):
            time.sleep(0.2)
        with LOCK:
            late = shelf.get("sealed") and not broken("sealed_twice")
            if (sealed or late) and not broken("sealed_again"):
                raise Refused(409)
            shelf["sealed"] = True
        return 204, None

    def tag(self) -> tuple[int, Any]:
        """What is called so, made where it is not there yet."""
        name = (self.caller, str(self.body["name"]))
        known = TAGS.get(name)
        if broken("tagged_twice"):
            time.sleep(0.2)
        with LOCK:
            if known is None and (name not in TAGS or broken("tagged_twice")):
                TAGS[name] = len(DONE) + len(TAGS) + 1
                DONE[str(len(DONE))] = TAGS[name]
        return 201, {"id": TAGS[name] if known is None else known}

    def marks(self, method: str, shelf: dict[str, Any]) -> tuple[int, Any]:
        if method == "GET":
            return 200, [each for each in MARKS.values() if each["shelf"] == shelf["id"]]
        title = self.body["title"]
        if not isinstance(title, str):
            raise Refused(422)
        MARKS[len(MARKS) + 1] = mark = {"id": len(MARKS) + 1, "title": title, "shelf": shelf["id"]}
        return 201, mark

    # Books --------------------------------------------------------------------------------------

    def books(self, method: str, key: str) -> tuple[int, Any]:
        number = int(key)
        if not broken("orphans"):
            self.shelf(key)
        if method == "GET":
            return 200, [each for each in BOOKS.values() if each["shelf"] == number]
        title = self.body["title"]
        if not isinstance(title, str):
            raise Refused(422)
        BOOKS[len(BOOKS) + 1] = book = {"id": len(BOOKS) + 1, "title": title, "shelf": number}
        return 201, book

    def book(self, method: str, shelf: dict[str, Any], key: str) -> tuple[int, Any]:
        book = BOOKS.get(int(key))
        if book is None or (book["shelf"] != shelf["id"] and not broken("crossed")):
            raise Refused(404)
        if method == "DELETE":
            del BOOKS[int(key)]
            BOOKS[-int(key)] = {"shelf": 0}
            return 204, None
        return 200, book

    def go(self) -> tuple[int, Any]:
        place = self.query.get("next", "/")
        if not broken("redirects") and not re.fullmatch(r"/[a-z]*", place):
            raise Refused(422)
        self.sent["Location"] = place
        return 302, None

    def reply(self, status: int, body: Any) -> None:
        if isinstance(body, dict):  # an answer has an id and a time of its own, as many do
            body = {**body, "served": time.monotonic_ns(), "requestId": str(time.monotonic_ns())}
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Cache-Control": "public, max-age=60" if broken("shared_cache") else "no-store",
            **self.renewed(),
            **self.sent,
        }.items():
            self.send_header(name, value.replace("\r", "").replace("\n", ""))
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
