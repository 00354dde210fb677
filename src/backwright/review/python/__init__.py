"""Judges the code of Python backends (FastAPI, Starlette, Flask, Django REST) from its syntax alone."""
