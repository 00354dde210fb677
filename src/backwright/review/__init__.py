"""Judges what Backwright did not build: two contracts, migrations, and the code of a backend. Reads, never runs."""
