"""Judging a running backend of any make: the target file, how it is started, and how its contract is explored."""
