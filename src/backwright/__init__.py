"""Backwright: a specification goes in; a production backend comes out, with the evidence that it is right."""

__version__ = "0.1.0"
