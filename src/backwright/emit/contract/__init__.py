"""Writes `openapi.json`: the contract that the service answers by, in OpenAPI 3.1."""

from backwright.emit.contract.document import contract, document

__all__ = ["contract", "document"]
