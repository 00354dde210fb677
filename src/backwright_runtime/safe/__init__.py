"""What custom logic needs and people get wrong: paths, programs, addresses, archives, templates, patterns.

Each module does one of them within limits, and refuses with `Refused` what goes beyond. The gate `logic` holds imports
of `http`, `files`, `archives` and `programs` against the `uses` of the specification.
"""


class Refused(ValueError):
    """What was asked for is beyond a limit. The message says which; it has nothing of what was given in it."""
