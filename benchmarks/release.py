"""What a first release costs, and what a daily one costs beside it, in one run.

A city of so many addresses with two years of records goes through the gate: the whole past at once,
then day after day the records of one more day. Printed are seconds (of this process and in all),
the ratio of a daily release to the first, where the time goes, and the peak of memory.

    python benchmarks/release.py [--records 100000] [--addresses 60000] [--days 3]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

UNTIL = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)  # a Monday, 06:00 in the city
PAST_DAYS = 730
WEST, SOUTH, SIDE = -98.64, 39.77, 0.04  # eight districts of four by four kilometres
# category, tier, location, share
KINDS = [
    ("theft", "0a", "street", 0.22),
    ("theft-from-vehicle", "0a", "parking lot", 0.16),
    ("burglary", "0b", "apartment", 0.12),
    ("vandalism", "0b", "residence", 0.08),
    ("assault", "1", "street", 0.18),
    ("robbery", "1", "sidewalk", 0.08),
    ("drugs", "1", "street", 0.06),
    ("domestic", "2", "residence", 0.08),
    ("sexual-offence", "2", "residence", 0.02),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--addresses", type=int, default=60_000)
    parser.add_argument("--days", type=int, default=3)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dl-bench-"))
    try:
        from portal.runtime.postgres import EmbeddedPostgres

        postgres = EmbeddedPostgres(folder / "data", folder / "run", folder / "log")
        folder.chmod(0o711)
        (folder / "home" / "static").mkdir(parents=True)
        with postgres.running():
            os.environ["DATABASE_URL"] = (
                f"postgresql://daylight_owner@/daylight?host={folder / 'run'}"
            )
            os.environ["DAYLIGHT_HOME"] = str(folder / "home")
            print(json.dumps(measure(wanted.records, wanted.addresses, wanted.days), indent=2))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(n_records: int, n_addresses: int, days: int) -> dict[str, object]:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    random = np.random.default_rng(1)
    points = make_city(n_addresses, random)
    add_records(n_records, points, until=UNTIL, days=PAST_DAYS, random=random)
    parts: dict[str, float] = {}
    with timed_parts(parts):
        first = one_release(UNTIL)
        first_parts = dict(parts)
        daily = []
        parts.clear()
        for day in range(1, days + 1):
            until = UNTIL + dt.timedelta(days=day)
            add_records(max(1, n_records // PAST_DAYS), points, until=until, days=1, random=random)
            daily.append(one_release(until))
    wall_s = statistics.median(run["wall_s"] for run in daily)
    cpu_s = statistics.median(run["cpu_s"] for run in daily)
    per = 100_000 / n_records
    return {
        "records, addresses": [n_records, n_addresses],
        "first release: rows": first["rows"],
        "first release per 100,000 records, s: wall, this process": [
            round(first["wall_s"] * per, 1),
            round(first["cpu_s"] * per, 1),
        ],
        "first release, share of time": shares(first_parts),
        "first release, audit per 100,000 records, s: wall": round(first_parts["audit"] * per, 1),
        "daily release, audit, s: wall": round(parts["audit"] / days, 1),
        "daily release, s: wall, this process": [round(wall_s, 1), round(cpu_s, 1)],
        "daily release, share of time": shares(parts),
        "ratio of a daily release to the first: wall, this process": [
            round(wall_s / first["wall_s"], 3),
            round(cpu_s / first["cpu_s"], 3),
        ],
        "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def make_city(n: int, random: np.random.Generator) -> np.ndarray:
    """Eight districts and n addresses, about three a door. Returns the doors, shape (m, 2)."""
    from incidents.models import Address, Area

    doors = np.column_stack(
        [
            WEST + random.uniform(0.001, 4 * SIDE - 0.001, n // 3),
            SOUTH + random.uniform(0.001, 2 * SIDE - 0.001, n // 3),
        ]
    )
    districts = [
        Area.objects.create(
            kind="district", code=str(k + 1), name=f"District {k + 1}", slug=f"district-{k + 1}",
            geometry=square(WEST + SIDE * (k % 4), SOUTH + SIDE * (k // 4)),
        )
        for k in range(8)
    ]  # fmt: skip
    Area.objects.create(
        kind="city",
        code="c",
        name="City",
        slug="city",
        geometry=square(WEST, SOUTH, 4 * SIDE, 2 * SIDE),
    )
    at = doors[np.arange(n) % len(doors)]
    Address.objects.bulk_create(
        (
            Address(
                source_id=f"a{i}", street=f"Street {i % 300}", number_from=i % 900 + 1,
                lon=lon, lat=lat, district=districts[district_of(lon, lat)],
            )
            for i, (lon, lat) in enumerate(at.tolist())
        ),
        batch_size=5_000,
    )  # fmt: skip
    return doors


def district_of(lon: float, lat: float) -> int:
    return int((lon - WEST) // SIDE) + 4 * int((lat - SOUTH) // SIDE)


def square(west: float, south: float, width: float = SIDE, height: float = SIDE) -> dict[str, Any]:
    east, north = west + width, south + height
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def add_records(
    n: int, doors: np.ndarray, *, until: dt.datetime, days: int, random: np.random.Generator
) -> None:
    from incidents.models import Area, Incident

    ids = list(Area.objects.filter(kind="district").order_by("code").values_list("pk", flat=True))
    start = Incident.objects.count()
    kinds = random.choice(len(KINDS), n, p=[share for *_, share in KINDS])
    # A few doors again and again, as in any city.
    where = (random.random(n) ** 3 * len(doors)).astype(int)
    ages_s = random.uniform(0, days * 86_400, n)
    Incident.objects.bulk_create(
        (
            _record(start + i, KINDS[kind], doors[door], until - dt.timedelta(seconds=age_s), ids)
            for i, (kind, door, age_s) in enumerate(zip(kinds, where, ages_s.tolist(), strict=True))
        ),
        batch_size=5_000,
    )


def _record(
    number: int, kind: tuple[Any, ...], door: np.ndarray, at: dt.datetime, ids: list[int]
) -> Any:
    from incidents.models import Incident

    category, tier, location, _ = kind
    return Incident(
        source="bench", source_id=f"r{number}", code=category, category=category, tier=tier,
        occurred_from=at, lon=float(door[0]), lat=float(door[1]),
        district_id=ids[district_of(*door)], location_type=location,
        narrative="Complainant found the lock cut and the cabinet empty.",
        first_seen_at=at + dt.timedelta(hours=9), updated_at=at,
    )  # fmt: skip


def one_release(as_of: dt.datetime) -> dict[str, float]:
    from portal.city import the_city
    from portal.publication.releases import release_due

    wall_s, cpu_s = time.perf_counter(), time.process_time()
    made = release_due(the_city(), as_of=as_of)
    rejected = [release.dataset.slug for release in made if release.state != "active"]
    if rejected:
        raise SystemExit(f"rejected: {rejected}")
    return {
        "wall_s": time.perf_counter() - wall_s,
        "cpu_s": time.process_time() - cpu_s,
        "rows": sum(release.n_added for release in made),
    }


@contextmanager
def timed_parts(parts: dict[str, float]) -> Iterator[None]:
    """Adds up the seconds spent deciding, writing files, verifying and auditing."""
    from portal.publication import releases

    names = {
        "_build": "decide",
        "_describe": "files",
        "verify": "verify",
        "audit": "audit",
        "_activate": "activate",
    }
    kept = {name: getattr(releases, name) for name in names}
    for name, part in names.items():
        setattr(releases, name, _timed(kept[name], part, parts))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(releases, name, function)


def _timed(function: Callable[..., Any], part: str, parts: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **values: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **values)
        finally:
            parts[part] = parts.get(part, 0.0) + time.perf_counter() - started

    return run


def shares(parts: dict[str, float]) -> dict[str, float]:
    total = sum(parts.values())
    return {part: round(seconds / total, 2) for part, seconds in sorted(parts.items())}


if __name__ == "__main__":
    main()
