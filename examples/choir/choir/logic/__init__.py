"""Yours: what the specification does not determine. This folder is never overwritten."""
