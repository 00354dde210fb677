"""The MCP server: coding agents read, check, plan, build and verify by the same commands as people do.

It runs commands of the command line as processes of their own (`commands`), and writes the files of custom logic and
nothing else (`stubs`). No tool approves, answers for somebody, edits a gate, or reads the environment.
"""
