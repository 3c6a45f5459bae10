"""Loaded before Django's settings are (`-p tests.environment`): a test never touches a running Daylight's home."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

os.environ["DAYLIGHT_HOME"] = tempfile.mkdtemp(prefix="dl-test-")
atexit.register(shutil.rmtree, os.environ["DAYLIGHT_HOME"], ignore_errors=True)
Path(os.environ["DAYLIGHT_HOME"], "static").mkdir()  # what collectstatic would have made
# What a process remembers of the last test's city would be told of the next one's.
os.environ["DAYLIGHT_EDITIONS_KEPT_S"] = "0"
os.environ["DAYLIGHT_FILES_ON_DEMAND"] = "1"  # a test has no worker
for name in ("DAYLIGHT_CITY", "DAYLIGHT_PRODUCTION", "DAYLIGHT_DEBUG"):
    os.environ.pop(name, None)

# The same examples in each run, and no clock on them: whether a commit is good must depend neither on luck nor
# on how busy the machine is. Who looks for new ones: pytest --hypothesis-profile=search
settings.register_profile("proof", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1_000, deadline=None)
settings.load_profile("proof")


@atexit.register
def let_daemons_fall_silent() -> None:
    """A waking thread may still have a word to say when the runner has closed the streams."""
    logging.raiseExceptions = False
