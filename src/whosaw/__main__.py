"""Run whosaw as a module: python -m whosaw."""

from whosaw.cli import main

main()
