"""Typed clients of a service, written from its contract: the same names and types in each language."""
