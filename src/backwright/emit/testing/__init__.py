"""The delivered project's own tests."""

from backwright.emit.testing_old import test_module

__all__ = ["test_module"]
