"""`python -m backwright`: the same as the `backwright` command."""

from backwright.cli import main

main()
