"""What the user wrote: reading YAML with line and column, nodes, JSON Schema, manual, diagnostics."""

from backwright.spec.nodes import SpecDocument
from backwright.spec.reader import read

__all__ = ["SpecDocument", "read"]
