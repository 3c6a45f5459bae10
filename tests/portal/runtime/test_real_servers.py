"""DATABASE_URL: one login speaks for all four roles, and the walls hold all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.runtime.postgres import OWNER, throwaway_postgres

PROJECT = Path(__file__).resolve().parents[3]

ASK = """
import django; django.setup()
from django.db import connections, ProgrammingError
from portal.models import Dataset
for alias in ("default", "publisher", "public", "owner"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT session_user, current_user, current_setting('search_path')")
        print(alias, *cursor.fetchone())
print("datasets", Dataset.objects.count())
with connections["public"].cursor() as cursor:
    try:
        cursor.execute("SELECT * FROM vault.incidents_incident")
    except ProgrammingError as error:
        print(str(error).splitlines()[0])
"""


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with throwaway_postgres() as postgres:
        yield f"postgresql://{OWNER}@/daylight?host={postgres.sockets}"


def run(*arguments: str, url: str, home: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DAYLIGHT_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_login_takes_the_four_roles(database_url: str, tmp_path: Path) -> None:
    run("-W", "ignore", "manage.py", "migrate", url=database_url, home=tmp_path)

    said = run("-c", ASK, url=database_url, home=tmp_path).splitlines()

    assert said == [
        f"default {OWNER} daylight_app vault",
        f"publisher {OWNER} daylight_publisher vault,release",
        f"public {OWNER} daylight_public release",
        f"owner {OWNER} {OWNER} vault,release",
        "datasets 0",
        "permission denied for schema vault",
    ]


def test_an_address_that_names_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": "mysql://somewhere/x", "DAYLIGHT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "DATABASE_URL: wanted postgresql://" in done.stderr
