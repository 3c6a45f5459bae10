"""Raised whenever the same input may give another output; stored with every event."""

CORE_VERSION = "acoustic-1.0.0"
