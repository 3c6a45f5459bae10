"""Real cities through the gate: their own files in, a release and its audit out.

Each city is imported through the mapping files that ship, published as its city would, and attacked
before it goes out. Printed are rows, seconds, the peak of memory, and every finding of the audit.
The files are not part of the project: name the folder they are in.

    python benchmarks/real_cities.py --data FOLDER [denver] [washington] [chicago] [cambridge]

Washington brings census block groups in place of an address file. Denver and Chicago bring none: their
addresses are the distinct points of their own records, which understates how many addresses there are
(Denver's is a sample of records, Chicago's points are blocks, each taken for three addresses), so that
places come out larger than they would with an address file. Denver's police districts are the
statistical neighbourhoods, joined by the district that most of their records name. Cambridge brings
streets with house numbers and no records: one in twenty-five of Chicago's is laid on its map, each at the
address nearest to where it would lie if Chicago were as small.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@dataclass(frozen=True)
class RealCity:
    """per_point: addresses that a distinct point of the records stands for, 0 where the city brings its own."""

    name: str
    timezone: str
    lon: float
    lat: float
    as_of: dt.datetime  # a Monday, 06:00 in the city, weeks after the last record
    files: tuple[tuple[str, str], ...]
    per_point: int = 0
    borrowed: str = ""  # a Chicago file whose records are laid on this city's addresses


CITIES = {
    "denver": RealCity(
        "Denver", "America/Denver", -104.94, 39.74, dt.datetime(2019, 7, 8, 12, tzinfo=dt.UTC),
        (("denver-neighbourhoods", "denver_crime_2014_2019/statistical_neighborhoods.geojson"),
         ("denver-crime", "denver_crime_2014_2019/denver_crime.csv.gz")),
        per_point=1,
    ),
    "washington": RealCity(
        "Washington", "America/New_York", -77.0147, 38.9101, dt.datetime(2024, 12, 30, 11, tzinfo=dt.UTC),
        (("dc-boundary", "dc_boundaries/dc-boundary.geojson.gz"),
         ("dc-districts", "dc_boundaries/police-districts-mpd.geojson.gz"),
         ("dc-psas", "dc_boundaries/police-service-areas-psa.geojson.gz"),
         ("dc-block-addresses", "dc_boundaries/census-block-groups-2010.geojson.gz"),
         ("dc-crime", "dc_crime/crime_incidents_last30days_2016-08.geojson.gz"),
         ("dc-crime", "dc_crime/crime_incidents_2019_ytd.csv.gz"),
         ("dc-crime", "dc_crime/crime_incidents_2024_ytd.csv.gz")),
    ),
    "chicago": RealCity(
        "Chicago", "America/Chicago", -87.68, 41.84, dt.datetime(2018, 12, 10, 12, tzinfo=dt.UTC),
        (("chicago-districts", "chicago_crimes_2016_2018/police_districts_current.geojson"),
         ("chicago-beats", "chicago_crimes_2016_2018/police_beats_current.geojson"),
         ("chicago-crime", "chicago_crimes_2016_2018/chicago_crimes_2016_2018.csv.xz")),
        per_point=3,
    ),
    "cambridge": RealCity(
        "Cambridge", "America/New_York", -71.11, 42.375, dt.datetime(2018, 12, 10, 11, tzinfo=dt.UTC),
        (("cambridge-boundary", "cambridge_ma_city/BOUNDARY_CityBoundary.geojson"),
         ("cambridge-sectors", "cambridge_ma_city/PUBLICSAFETY_PoliceSectors.geojson"),
         ("cambridge-response-districts", "cambridge_ma_city/PUBLICSAFETY_PoliceResponseDistricts.geojson"),
         ("cambridge-streets", "cambridge_ma_city/TRANS_Centerlines.geojson.gz")),
        borrowed="chicago_crimes_2016_2018/chicago_crimes_2016_2018.csv.xz",
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("DAYLIGHT_SHARED_DATA"))
    parser.add_argument("cities", nargs="*", default=["denver", "washington"], metavar="city")
    wanted = parser.parse_args()
    if wanted.data is None or not wanted.data.is_dir():
        print("no real city data here; name its folder with --data")
        return
    if unknown := sorted(set(wanted.cities) - set(CITIES)):
        parser.error(f"got {', '.join(unknown)}; wanted some of {', '.join(CITIES)}")
    if len(wanted.cities) == 1:
        publish(wanted.cities[0], wanted.data)
        return
    for name in wanted.cities:  # each in a process of its own: the city is known once per process
        command = f"{sys.executable} {__file__} --data {wanted.data} {name}"
        os.system(command)


def publish(name: str, data: Path) -> None:
    from portal.runtime.postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="dl-real-"))
    city = CITIES[name]
    try:
        postgres = EmbeddedPostgres(folder / "data", folder / "run", folder / "log")
        folder.chmod(0o711)
        (folder / "home" / "static").mkdir(parents=True)
        toml = "\n".join(
            f"{key} = {json.dumps(value)}"
            for key, value in {
                "name": city.name,
                "department_name": f"{city.name} Police",
                "timezone": city.timezone,
                "lon": city.lon,
                "lat": city.lat,
            }.items()
        )
        (folder / "city.toml").write_text(toml)
        with postgres.running():
            os.environ |= {
                "DATABASE_URL": f"postgresql://daylight_owner@/daylight?host={folder / 'run'}",
                "DAYLIGHT_HOME": str(folder / "home"),
                "DAYLIGHT_CITY": str(folder / "city.toml"),
                "DJANGO_SETTINGS_MODULE": "portal.settings",
            }
            run(city, data)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(city: RealCity, data: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from incidents.importers import ingest
    from incidents.models import Incident
    from portal.city import the_city
    from portal.publication.releases import release_due

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    for source, path in city.files:
        if source == "denver-crime":
            join_neighbourhoods(data / path)
        file = ingest(data / path, source=source, by="benchmark", now=city.as_of)
        print(f"{city.name}: {path}: {file.state}")
    if city.per_point:
        make_addresses(city.per_point)
    if city.borrowed:
        with tempfile.TemporaryDirectory() as folder:
            laid = lay(data / city.borrowed, Path(folder) / "laid.csv")
            print(
                f"{city.name}: {ingest(laid, source='chicago-crime', by='benchmark', now=city.as_of).state}"
            )
    print(f"{city.name}: {Incident.objects.count():,} records in {time.monotonic() - began:.0f} s")
    began, cpu = time.monotonic(), time.process_time()
    made = release_due(the_city(), as_of=city.as_of)
    took, spent = time.monotonic() - began, time.process_time() - cpu
    for release in made:
        print(
            f"{city.name}: {release.dataset.slug} {release.number}: {release.state}, {release.n_rows:,} rows"
        )
        for check in release.verification:
            if not check["passed"]:
                print(f"    FAILED {check['check']}: {check['detail']}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{city.name}: released in {took:.0f} s, {spent:.0f} s of it this process; peak {peak:.0f} MB"
    )
    tell_audit(city)


def tell_audit(city: RealCity) -> None:
    from portal.models import PublishedAuditResult

    print(
        f"{city.name}: {'dataset':10} {'attack':28} {'on':12} {'measured':>10} {'limit':>8} {'n':>9} status"
    )
    rows = PublishedAuditResult.objects.using("publisher").order_by(
        "audited_dataset", "attack", "subject"
    )
    for row in rows:
        measured = "" if row.measured is None else f"{row.measured:.4g}"
        limit = "" if row.limit is None else f"{row.limit:.4g}"
        print(
            f"{city.name}: {row.audited_dataset:10} {row.attack:28} {row.subject:12} {measured:>10} "
            f"{limit:>8} {row.n if row.n is not None else '':>9} {row.status}"
        )


def make_addresses(per_point: int) -> None:
    """Each distinct point of the records inside a district, in place of an address file."""
    import shapely

    from incidents.models import Address, Area, Incident

    known = Incident.objects.filter(lon__isnull=False)
    points = list(known.values_list("lon", "lat").distinct().order_by("lon", "lat"))
    areas = list(Area.objects.filter(kind="district").order_by("code"))
    tree = shapely.STRtree([shapely.from_geojson(json.dumps(area.geometry)) for area in areas])
    point, district = tree.query(shapely.points(points), predicate="intersects")
    rows = {
        n: Address(
            kind="point" if per_point == 1 else "block",
            source_id=f"point-{n}",
            lon=points[n][0],
            lat=points[n][1],
            stands_for=per_point,
            district=areas[area],
        )
        for n, area in zip(point.tolist(), district.tolist(), strict=True)
    }
    Address.objects.bulk_create(rows.values(), batch_size=5_000)


def lay(records: Path, target: Path, *, every: int = 25) -> Path:
    """Some of Chicago's records, each at an address of this city: as far along between its sides, then the nearest."""
    import csv
    import lzma

    import numpy as np
    from scipy.spatial import KDTree

    from incidents.models import Address

    doors = np.array(Address.objects.order_by("id").values_list("lon", "lat"))
    with lzma.open(records, "rt", newline="") as lines:
        rows = [row for n, row in enumerate(csv.DictReader(lines)) if n % every == 0]
    rows = [row for row in rows if row["Longitude"]]
    points = np.array([(float(row["Longitude"]), float(row["Latitude"])) for row in rows])
    # By rank, so that dense parts come to lie where there are many doors.
    ranks = np.argsort(np.argsort(points, axis=0), axis=0) / (len(points) - 1)
    wanted = np.stack([np.quantile(doors[:, n], ranks[:, n]) for n in (0, 1)], axis=1)
    _, nearest = KDTree(doors).query(wanted)
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row, (lon, lat) in zip(rows, doors[nearest].tolist(), strict=True):
            at = {"Longitude": f"{lon:.6f}", "Latitude": f"{lat:.6f}", "District": "", "Beat": ""}
            writer.writerow({**row, **at})
    return target


def join_neighbourhoods(records: Path) -> None:
    """Districts out of neighbourhoods: each goes to the district that most of its records name."""
    import csv
    import gzip

    import shapely

    from incidents.models import Area

    votes: dict[str, Counter[str]] = defaultdict(Counter)
    with gzip.open(records, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            votes[row["NEIGHBORHOOD_ID"]][row["DISTRICT_ID"]] += 1
    joined: dict[str, list[Any]] = defaultdict(list)
    for part in Area.objects.filter(kind="neighbourhood"):
        name = "".join(c if c.isalnum() else "-" for c in part.name.lower())
        counts = votes.get(name) or votes[name.replace("--", "-").strip("-")]
        if counts:
            shape = shapely.from_geojson(json.dumps(part.geometry))
            joined[counts.most_common(1)[0][0]].append(shapely.make_valid(shape))
    for code, members in sorted(joined.items()):
        shape = json.loads(shapely.to_geojson(shapely.union_all(members)))
        Area.objects.create(
            kind="district",
            code=code,
            name=f"District {code}",
            slug=f"district-{code}",
            geometry=shape,
        )
    print(f"Denver: {sum(map(len, joined.values()))} neighbourhoods in {len(joined)} districts")


if __name__ == "__main__":
    main()
