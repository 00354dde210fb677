"""Custom logic written by coding agents: work items, providers, and a loop that believes gates and nobody else.

`loop` decides and does nothing; `run` does what it decides. What a provider writes is tried beside the project and
judged by this process, and reaches the project only when everything holds.
"""
