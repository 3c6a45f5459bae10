"""What the web process carries: it serves pages and takes messages in, and computes nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_the_web_process_starts_without_scipy() -> None:
    program = (
        "import os, sys, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'\n"
        "django.setup()\n"
        "import portal.urls\n"
        "assert 'sensors.api' in sys.modules\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'scipy')[:5])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
