"""What can a person get wrong, and what should they do next? Bad *input* is never here: it is counted as `Rejected`."""

from __future__ import annotations


class WhosawError(Exception):
    """A message for a person, and a hint. Carries the exit code the command line promises for it.

    WhosawError
    ├── ConfigError     a key of the configuration is missing, unknown or wrong         exit 4
    ├── InputError      a file cannot be opened, or none of it can be read              exit 5
    ├── LedgerError     the ledger is locked, damaged or of another version             exit 4
    ├── NotFoundError   an incident, disclosure or customer is not in the ledger        exit 1
    ├── QueryError      a query over the operator's files failed: a bad file, column or statement       exit 4
    └── StorageError    the disk is full or cannot be written; nothing is half-written  exit 5
    """

    exit_code = 4

    def __init__(self, message: str, *, hint: str) -> None:
        """Keep what happened and what to do about it; both lower case, without a full stop."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(WhosawError):
    """A key of the configuration is missing, unknown or wrong."""


class InputError(WhosawError):
    """A file cannot be opened, or none of it can be read."""

    exit_code = 5


class LedgerError(WhosawError):
    """The ledger is in use by another process, damaged or of another version."""


class NotFoundError(WhosawError):
    """An incident, disclosure or customer that was asked for is not in the ledger."""

    exit_code = 1


class StorageError(WhosawError):
    """The disk is full or cannot be written; nothing is half-written."""

    exit_code = 5


class QueryError(WhosawError):
    """A query over the operator's files failed: a bad file, column or statement."""
