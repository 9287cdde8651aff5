"""`python -m axagents` is `ax`."""

from axagents.cli.main import main

main()
