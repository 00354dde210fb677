"""Plain SQL migrations: written from a plan, inspected, rolled back and proven on populated databases."""

from backwright.migrate.write import write

__all__ = ["write"]
