"""Custom logic: the boundary that follows from the specification, and the files that are made once for its author."""

from backwright.emit.logic.boundary import boundary_module, error_class, input_class, record_class
from backwright.emit.logic.calls import calls_module
from backwright.emit.logic.partners import partners_module
from backwright.emit.logic.stubs import stub_files

__all__ = [
    "boundary_module",
    "calls_module",
    "error_class",
    "input_class",
    "partners_module",
    "record_class",
    "stub_files",
]
