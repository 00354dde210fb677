"""The contract of `store_backend`."""

from __future__ import annotations

import re
from typing import Any

TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
NUMBER = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
WHOLE, MOMENT = {"type": "integer"}, {"type": "string", "format": "date-time"}
COUNTED = {"reads": WHOLE, "times": WHOLE, "created_at": MOMENT}
WALLET = {"id": TEXT, "name": TEXT, "balance": WHOLE, **COUNTED}
ITEM = {"id": TEXT, "name": TEXT, "price": WHOLE, "stock": WHOLE, **COUNTED}
ORDER = {"id": TEXT, "item_id": TEXT, "quantity": WHOLE, "state": TEXT, "total": WHOLE, "paid": WHOLE}
DEPOSIT = {"id": TEXT, "amount": WHOLE, "created_at": MOMENT}
TRANSFER = {"from_wallet_id": TEXT, "to_wallet_id": TEXT, "amount": NUMBER}
ENTRY = {"email": {**TEXT, "format": "email"}, "password": {**TEXT, "minLength": 8}}
KEY = {"name": "Idempotency-Key", "in": "header", "schema": TEXT}


def table(members: dict[str, Any], *, closed: bool = False) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [*members],
        "properties": members,
        **({"additionalProperties": False} if closed else {}),
    }


def operation(
    path: str, status: int, answer: dict[str, Any], body: dict[str, Any] | None, *codes: int
) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", path)
    open_to_all = path in {"/accounts", "/sessions"}
    said = {str(status): {"description": "Done.", "content": {"application/json": {"schema": table(answer)}}}}
    said |= {str(code): {"description": "Refused."} for code in (401, *codes, *((400, 422) if body else ()))}
    taken = {"required": True, "content": {"application/json": {"schema": table(body or {}, closed=True)}}}
    return {
        "parameters": [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names],
        "security": [] if open_to_all else [{"bearer": []}],
        "responses": said,
        **({"requestBody": taken} if body else {}),
    }


CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Store", "version": "1"},
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/accounts": {"post": operation("/accounts", 201, {"email": TEXT}, ENTRY, 409)},
        "/sessions": {"post": operation("/sessions", 200, {"token": TEXT}, ENTRY)},
        "/wallets": {
            "get": operation("/wallets", 200, {"items": {"type": "array", "items": table(WALLET)}}, None),
            "post": operation("/wallets", 201, WALLET, {"name": TEXT}),
        },
        "/wallets/{wallet_id}": {"get": operation("/wallets/{wallet_id}", 200, WALLET, None, 404)},
        "/wallets/bulk-delete": {
            "post": operation(
                "/wallets/bulk-delete", 200, {"code": TEXT}, {"ids": {"type": "array", "items": TEXT}}
            )
        },
        "/wallets/{wallet_id}/deposits": {
            "post": operation("/wallets/{wallet_id}/deposits", 201, DEPOSIT, {"amount": NUMBER}, 404)
        },
        "/transfers": {"post": operation("/transfers", 201, {"id": TEXT, **TRANSFER}, TRANSFER, 404, 409)},
        "/items": {"post": operation("/items", 201, ITEM, {"name": TEXT, "price": NUMBER})},
        "/items/{item_id}": {"get": operation("/items/{item_id}", 200, ITEM, None, 404)},
        "/items/{item_id}/receipts": {
            "post": operation("/items/{item_id}/receipts", 201, ITEM, {"quantity": NUMBER}, 404)
        },
        "/orders": {"post": operation("/orders", 201, ORDER, {"item_id": TEXT, "quantity": NUMBER}, 404)},
        "/orders/{order_id}": {"get": operation("/orders/{order_id}", 200, ORDER, None, 404)},
        **{
            f"/orders/{{order_id}}/{act}": {
                "post": operation(f"/orders/{{order_id}}/{act}", 200, ORDER, body, 404, 409)
            }
            for act, body in (
                ("cancel", None),
                ("payments", {"amount": NUMBER}),
                ("place", None),
                ("ship", None),
            )
        },
    },
}
CONTRACT["paths"]["/wallets/{wallet_id}/deposits"]["post"]["parameters"].append(KEY)
