"""Writes `services/<tag>.py`: each operation as a function that reads like its steps."""
