"""Waiting for what happens in other threads and processes. For tests."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0  # how long a very busy machine may take; nothing is measured by it


def until(is_so: Callable[[], bool]) -> bool:
    """Whether it became so while there was patience."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def environment() -> dict[str, str]:
    """For a process of our own that shall use the test's database."""
    from django.db import connections

    sockets = connections["default"].settings_dict["HOST"]
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": f"postgresql://daylight_owner@/daylight?host={sockets}",
    }
