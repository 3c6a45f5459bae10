"""A city is installed from its own lock file; that of the tests holds more, and would hide a gap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]

# Every package that requirements.txt does not pin is made to look absent. Then we load what each
# process starts with, and every view, task and command it can reach.
LOAD_EVERYTHING = """
import importlib, pkgutil, re, sys
from importlib.metadata import packages_distributions
from pathlib import Path

def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()

pinned = {normal(n) for n in re.findall(r"^([\\w.-]+)==", Path("requirements.txt").read_text(), re.M)}
absent = {
    module for module, owners in packages_distributions().items()
    if not any(normal(owner) in pinned for owner in owners)
}

class Absence:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absence())

import celery.apps.worker, celery.bin.beat, celery.bin.worker, granian.cli, kombu.transport.redis
import portal.celery, portal.runtime.services, portal.wsgi
import portal.urls  # after the line before, which sets Django up, as in the web process

portal.celery.app.loader.import_default_modules()
for app in ("portal", "sensors", "incidents", "community"):
    for module in pkgutil.walk_packages(importlib.import_module(app).__path__, app + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


def test_a_city_loads_with_nothing_but_what_its_lock_file_names() -> None:
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD_EVERYTHING],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )

    assert loaded.returncode == 0, loaded.stderr
