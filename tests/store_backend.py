"""A backend of wallets, items and orders that tests break on purpose: what is judged takes several steps to reach."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from urllib.parse import urlsplit

DEFECTS: set[str] = set()
"""
    slow_for_known     a password is only hashed for accounts that there are
    ahead              `created_at` is two hours ahead, marked as UTC
    key_for_other      an Idempotency-Key with another amount is answered with the first deposit
    bulk               many are deleted whoever made them
    reads              GET /wallets/{wallet_id} answers anybody's
    takes_balance      POST /wallets takes `balance`, and refuses all else that it does not know
    no_credit          a transfer gives nothing to the receiver
    debit_first        a transfer to no wallet is refused, and its money is gone
    overdraft          a transfer takes more than there is
    limited            (no defect) a wallet says how far below zero it may go
    oversold           more is ordered than there is in stock
    overpaid           more is paid than the total
    kept_stock         what is cancelled gives no stock back
"""
NAMES = count(1)
USERS: dict[str, dict[str, Any]] = {}
WALLETS: dict[str, dict[str, Any]] = {}
ITEMS: dict[str, dict[str, Any]] = {}
ORDERS: dict[str, dict[str, Any]] = {}
KEYS: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
FIELDS: Mapping[str, Mapping[str, type]] = {
    "accounts": {"email": str, "password": str},
    "sessions": {"email": str, "password": str},
    "wallets": {"name": str},
    "deposits": {"amount": int},
    "bulk-delete": {"ids": list},
    "transfers": {"from_wallet_id": str, "to_wallet_id": str, "amount": int},
    "items": {"name": str, "price": int},
    "receipts": {"quantity": int},
    "orders": {"item_id": str, "quantity": int},
    "payments": {"amount": int},
}


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def clear() -> None:
    for state in (USERS, WALLETS, ITEMS, ORDERS, KEYS):
        state.clear()
    DEFECTS.clear()


def made(**values: Any) -> dict[str, Any]:
    moment = datetime.now(UTC) + timedelta(hours=2 if "ahead" in DEFECTS else 0)
    return {"id": f"n{next(NAMES)}", **values, "created_at": moment.isoformat()}


def hashed(password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "replace"), b"salt", 150_000).hex()


def shown(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name not in {"owner", "item"}}


def find(
    things: Mapping[str, dict[str, Any]], name: str, user: str, *, anyone: bool = False
) -> dict[str, Any]:
    thing = things.get(name)
    if thing is None or (thing["owner"] != user and not anyone):
        raise Refused(404)
    return thing


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body go out together

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            steps = [each for each in urlsplit(self.path).path.split("/") if each]
            status, body = self._done(method, steps, content)
        except Refused as refused:
            status, body = refused.status, {"code": "refused"}
        told = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def _done(self, method: str, steps: list[str], content: bytes) -> tuple[int, Any]:
        kind = steps[-1] if steps else ""
        body = self._body(kind, content) if method == "POST" and kind in FIELDS else {}
        if method == "POST" and kind in {"accounts", "sessions"} and len(steps) == 1:
            return entered(kind, body)
        user = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if user not in {each["token"] for each in USERS.values()}:
            raise Refused(401)
        things = {"wallets": WALLETS, "items": ITEMS, "orders": ORDERS}.get(steps[0] if steps else "", {})
        if method == "GET" and len(steps) == 2 and steps[0] in {"wallets", "items", "orders"}:
            thing = find(things, steps[1], user, anyone="reads" in DEFECTS and things is WALLETS)
            if "reads" in thing:
                thing["reads"] += 1  # as it does in many a right backend
            return 200, shown(thing)
        if method == "GET" and steps == ["wallets"]:
            return 200, {"items": [shown(each) for each in WALLETS.values() if each["owner"] == user][:3]}
        if method != "POST":
            raise Refused(404)
        return self._posted(steps, body, user)

    def _body(self, kind: str, content: bytes) -> dict[str, Any]:
        try:
            body = json.loads(content)
        except ValueError:
            raise Refused(400) from None
        fields = FIELDS[kind]
        more = {"balance"} if "takes_balance" in DEFECTS and kind == "wallets" else set()
        if not isinstance(body, dict) or not fields.keys() <= body.keys() <= fields.keys() | more:
            raise Refused(422)
        for name, wanted in fields.items():
            if type(body[name]) is not wanted or (wanted is int and not 1 <= body[name] <= 10**6):
                raise Refused(422)
        return body

    def _posted(self, steps: list[str], body: dict[str, Any], user: str) -> tuple[int, Any]:
        match steps:
            case ["wallets"]:
                wallet = made(owner=user, name=body["name"], balance=body.get("balance", 0), reads=0, times=0)
                WALLETS[wallet["id"]] = wallet | ({"overdraft_limit": 10**6} if "limited" in DEFECTS else {})
                wallet = WALLETS[wallet["id"]]
                return 201, shown(wallet)
            case ["wallets", "bulk-delete"]:
                for name in body["ids"]:
                    if name in WALLETS and (WALLETS[name]["owner"] == user or "bulk" in DEFECTS):
                        del WALLETS[name]
                return 200, {"code": "done"}
            case ["wallets", name, "deposits"]:
                return self._deposited(find(WALLETS, name, user), body["amount"])
            case ["transfers"]:
                return transferred(body, user)
            case ["items"]:
                item = made(owner=user, name=body["name"], price=body["price"], stock=0, reads=0, times=0)
                ITEMS[item["id"]] = item
                return 201, shown(item)
            case ["items", name, "receipts"]:
                find(ITEMS, name, user)["stock"] += body["quantity"]
                return 201, shown(ITEMS[name])
            case ["orders"]:
                item = find(ITEMS, body["item_id"], user)
                total = body["quantity"] * item["price"]
                order = made(owner=user, **body, state="draft", total=total, paid=0)
                ORDERS[order["id"]] = order
                return 201, shown(order)
            case ["orders", name, act]:
                return 200, shown(acted(find(ORDERS, name, user), act, body))
        raise Refused(404)

    def _deposited(self, wallet: dict[str, Any], amount: int) -> tuple[int, Any]:
        key = (wallet["id"], self.headers.get("Idempotency-Key", ""))
        if key[1] and key in KEYS:
            former, deposit = KEYS[key]
            if former != amount and "key_for_other" not in DEFECTS:
                raise Refused(422)
            return 201, deposit
        wallet["balance"] += amount
        deposit = made(amount=amount)
        KEYS[key] = amount, deposit
        return 201, deposit


def entered(kind: str, body: dict[str, Any]) -> tuple[int, Any]:
    email = body["email"]
    if kind == "accounts":
        if email in USERS:
            raise Refused(409)
        USERS[email] = {"password": hashed(body["password"]), "token": f"t{next(NAMES)}x{time.time_ns()}"}
        return 201, {"email": email}
    account = USERS.get(email)
    if account is None and "slow_for_known" in DEFECTS:
        raise Refused(401)
    if hashed(body["password"]) != (account or {}).get("password") or account is None:
        raise Refused(401)
    return 200, {"token": account["token"]}


def transferred(body: dict[str, Any], user: str) -> tuple[int, Any]:
    source, amount = find(WALLETS, body["from_wallet_id"], user), body["amount"]
    if body["to_wallet_id"] == source["id"]:
        raise Refused(422)
    if source["balance"] < amount and "overdraft" not in DEFECTS:
        raise Refused(409)
    if "debit_first" in DEFECTS:
        source["balance"] -= amount
    target = find(WALLETS, body["to_wallet_id"], user, anyone=True)
    if "debit_first" not in DEFECTS:
        source["balance"] -= amount
    target["balance"] += 0 if "no_credit" in DEFECTS else amount
    target["times"] += 1  # only what comes in is counted
    return 201, made(**body)


def acted(order: dict[str, Any], act: str, body: dict[str, Any]) -> dict[str, Any]:
    item, state = ITEMS[order["item_id"]], order["state"]
    needed = {"place": {"draft"}, "payments": {"placed"}, "ship": {"paid"}, "cancel": {"draft", "placed"}}
    if state not in needed.get(act, set()):
        raise Refused(409 if act in needed else 404)
    if act == "place":
        if item["stock"] < order["quantity"] and "oversold" not in DEFECTS:
            raise Refused(409)
        item["stock"] -= order["quantity"]
        item["times"] += 1  # and stays, whatever is cancelled
        order["state"] = "placed"
    elif act == "payments":
        if order["paid"] + body["amount"] > order["total"] and "overpaid" not in DEFECTS:
            raise Refused(409)
        order["paid"] += body["amount"]
        order["state"] = "paid" if order["paid"] >= order["total"] else state
    elif act == "cancel":
        if state == "placed" and "kept_stock" not in DEFECTS:
            item["stock"] += order["quantity"]
        order["state"] = "cancelled"
    else:
        order["state"] = "shipped"
    return order
