"""`python -m amber`."""

from amber.cli import main

main()
