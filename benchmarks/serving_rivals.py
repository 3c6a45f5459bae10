"""The others: Datasette on SQLite with sensible indexes, and what a tutorial would write with REST framework."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

NUMBERS = ("longitude", "latitude", "stands_for_addresses")
INDEXES = (
    "category, starts_at",
    "district, starts_at",
    "starts_at",
    "latitude, longitude",
    "place_code",
)
PLAIN_TABLE = """
CREATE TABLE plain_incident AS
SELECT r.id, r.public_id, r.category, r.precision, r.place_code, r.cell_code, r.district_slug AS district,
    r.beat_slug AS beat, r.period, r.starts_at, r.ends_at, coalesce(p.lon, c.lon) AS longitude,
    coalesce(p.lat, c.lat) AS latitude, coalesce(p.stands_for_addresses, c.n_addresses) AS stands_for_addresses
FROM release.incident r LEFT JOIN release.place p ON p.code = r.place_code AND r.place_code <> ''
    LEFT JOIN release.cell c ON c.code = r.cell_code AND r.cell_code <> '';
ALTER TABLE plain_incident ADD PRIMARY KEY (id);
CREATE INDEX ON plain_incident (category, starts_at DESC);
CREATE INDEX ON plain_incident (district, starts_at DESC);
CREATE INDEX ON plain_incident (starts_at DESC);
CREATE INDEX ON plain_incident (latitude, longitude);
ANALYZE plain_incident;
"""


def datasette(folder: Path) -> Path:
    """Its program, in an environment of its own."""
    if given := os.environ.get("DATASETTE"):
        return Path(given)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([folder / "venv/bin/pip", "install", "-q", "datasette"], check=True)
    return folder / "venv/bin/datasette"


def to_sqlite(table: Path, target: Path) -> None:
    """Our own CSV, column by column, with the indexes its readers would make."""
    connection = sqlite3.connect(target)
    with table.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        columns = next(rows)
        kinds = ", ".join(f'"{c}" {"REAL" if c in NUMBERS else "TEXT"}' for c in columns)
        connection.execute(f"CREATE TABLE incidents ({kinds}, PRIMARY KEY (public_id))")
        places = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO incidents VALUES ({places})", rows)
    for n, index in enumerate(INDEXES):
        connection.execute(f"CREATE INDEX i{n} ON incidents ({index})")
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


def datasette_command(program: Path, database: Path, port: int) -> list[str]:
    limits = {"sql_time_limit_ms": 60_000, "facet_time_limit_ms": 60_000, "max_csv_mb": 0}
    settings = [part for name, value in limits.items() for part in ("--setting", name, str(value))]
    return [str(program), "serve", "--immutable", str(database), "--port", str(port), *settings]


def plain_application() -> object:
    """A ModelViewSet with filters, a count and limit/offset: under any WSGI server, on the same PostgreSQL."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="benchmark", ALLOWED_HOSTS=["*"], ROOT_URLCONF="serving_rivals_urls", USE_TZ=True,
        INSTALLED_APPS=["rest_framework"], MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": "daylight", "USER": "daylight_owner",
                "HOST": os.environ["RIVAL_DATABASE"], "CONN_MAX_AGE": 600,
            }
        },
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [], "UNAUTHENTICATED_USER": None,
            "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination", "PAGE_SIZE": 100,
        },
    )  # fmt: skip
    django.setup()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


if "RIVAL_DATABASE" in os.environ and "SERVING_RIVAL" in os.environ:
    application = plain_application()
