"""Writes `views.py`: what callers see, and how it is read with a constant number of statements."""
