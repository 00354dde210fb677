"""Migrations written in Python (Alembic, Django) as the SQL that they would run. They are read, never imported."""
