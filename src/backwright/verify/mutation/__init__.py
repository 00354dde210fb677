"""Whether the gates would notice: a project, broken on purpose in one place at a time, and judged each time."""
