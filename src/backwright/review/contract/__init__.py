"""Compares two OpenAPI descriptions (3.0, 3.1) and says what the clients of the first notice of the second."""

from backwright.review.contract.compare import compare
from backwright.review.contract.document import Unreadable
from backwright.review.contract.findings import Change, Level, Spot, as_text, breaks

__all__ = ["Change", "Level", "Spot", "Unreadable", "as_text", "breaks", "compare"]
