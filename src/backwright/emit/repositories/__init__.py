"""Writes `repositories/<entities>.py`: the statements on one entity's rows, and a function for each."""
