"""Raised whenever the same input may give another output; stored with every event."""

CORE_VERSION = "acoustic-2.0.0"
