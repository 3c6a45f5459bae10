"""What can go wrong with a file or its mapping. Every message says what was got and what was wanted."""

from __future__ import annotations


class ImporterError(Exception):
    """The base of all of them; the doors show its text to a person as it is."""


class UnknownSourceError(ImporterError):
    """No mapping has that name."""


class MappingError(ImporterError):
    """The mapping file cannot be used."""


class UnreadableFileError(ImporterError):
    """The file as a whole cannot be read: truncated, another format, a column missing."""


class VerificationError(ImporterError):
    """The file was read, but what it says cannot be right; nothing of it was kept."""


class ImportBusyError(ImporterError):
    """Another import of the same source is running."""
