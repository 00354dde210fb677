"""Judges the code of Python backends (FastAPI, Flask, Django REST) from its syntax alone."""
