"""Which version of this software is running, for records that say what made them."""

from __future__ import annotations

import os
import tomllib
from functools import cache

from portal.runtime.layout import PROJECT


@cache
def software_version() -> str:
    """``$DAYLIGHT_VERSION``, else the commit of the working copy, else the version in pyproject.toml."""
    if named := os.environ.get("DAYLIGHT_VERSION", "").strip():
        return named
    return _commit() or _declared()


def _commit() -> str:
    """Forty hexadecimal digits; empty where this is no working copy. Read without git, which may be missing."""
    git = PROJECT / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = git / name
        if loose.exists():
            return loose.read_text(encoding="ascii").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")


def _declared() -> str:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
