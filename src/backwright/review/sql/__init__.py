"""Judges migrations in PostgreSQL's SQL by what their statements lock, rewrite, lose or cannot take back."""
