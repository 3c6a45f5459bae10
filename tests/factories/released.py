"""A small released city, written straight into the schema ``release``, for tests of the public face."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from portal.models import (
    Dataset,
    PublishedArea,
    PublishedCalibration,
    PublishedCell,
    PublishedCharge,
    PublishedCount,
    PublishedFigure,
    PublishedGunfire,
    PublishedIncident,
    PublishedOutcome,
    PublishedPlace,
    PublishedStreet,
    PublishedTally,
    Release,
)

DATASETS = (
    "areas", "places", "cells", "incidents", "gunfire", "gunfire-ledger", "gunfire-calibration",
    "sensitive-totals", "privacy-budget",
)  # fmt: skip
AS_OF = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)


def square(west: float, south: float, size: float = 0.02) -> dict[str, Any]:
    return box(west, south, size, size)


def box(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    east, north = west + width, south + height
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def released_city() -> None:
    """Two districts of two beats, four places, five cells, incidents in three months, gunfire, totals."""
    for slug in DATASETS:
        release_of(slug)
    _areas()
    _places_and_cells()
    _incidents()
    _gunfire()
    _ledger()
    for district in ("", "north", "south"):
        PublishedCount.objects.create(
            statistic="district-quarter",
            period="2026-Q2",
            district_slug=district,
            category_group="sensitive",
            noisy_count=12 if district else -1,
            low=6 if district else 0,
            high=18 if district else 9,
            epsilon=0.5,
            first_release=1,
        )
    PublishedCharge.objects.create(
        statistic="district-quarter",
        period="2026-Q2",
        epsilon=0.5,
        share=0.5,
        spent=0.5,
        lifetime=2.0,
        first_release=1,
    )
    for slug in ("incidents", "gunfire"):
        tally(slug)
    count_rows()


def release_of(slug: str, *, number: int = 1, **values: Any) -> Release:
    """An active release, current in its dataset."""
    dataset, _ = Dataset.objects.get_or_create(slug=slug)
    release = Release.objects.create(
        **{
            "dataset": dataset,
            "number": number,
            "state": Release.State.ACTIVE,
            "as_of": AS_OF,
            "activated_at": AS_OF,
            **values,
        }
    )
    Dataset.objects.filter(pk=dataset.pk).update(current=release)
    return release


def _areas() -> None:
    def area(
        slug: str, kind: str, name: str, parent: str, where: dict[str, Any], **values: Any
    ) -> None:
        PublishedArea.objects.create(
            slug=slug,
            kind=kind,
            code=slug,
            name=name,
            parent_slug=parent,
            geometry=where,
            first_release=1,
            **values,
        )

    area("testville", "city", "Testville", "", square(-98.62, 39.78, 0.04), n_addresses=2400)
    area("north", "district", "North", "testville", square(-98.62, 39.80), n_addresses=1200)
    area(
        "south",
        "district",
        "South",
        "testville",
        square(-98.62, 39.78),
        n_addresses=1200,
        population=3100,
    )
    for district, lat in (("north", 39.80), ("south", 39.78)):
        area(
            f"{district}-1",
            "beat",
            f"{district.title()} 1",
            district,
            square(-98.62, lat, 0.01),
            n_addresses=600,
        )
        area(
            f"{district}-2",
            "beat",
            f"{district.title()} 2",
            district,
            square(-98.61, lat, 0.01),
            n_addresses=600,
        )
    area("old-mill-park", "park", "Old Mill Park", "testville", square(-98.612, 39.79, 0.004))
    PublishedStreet.objects.create(
        street="Lincoln Avenue",
        street_key="lincoln ave",
        number_from=1,
        number_to=99,
        beat_slug="north-1",
        district_slug="north",
        first_release=1,
    )
    PublishedStreet.objects.create(
        street="Lincoln Avenue",
        street_key="lincoln ave",
        number_from=100,
        number_to=299,
        beat_slug="south-2",
        district_slug="south",
        first_release=1,
    )


def _places_and_cells() -> None:
    for n, (district, beat) in enumerate(
        [("north", "north-1"), ("north", "north-2"), ("south", "south-1"), ("south", "")]
    ):
        PublishedPlace.objects.create(
            code=f"{district[0].upper()}-{n}",
            lon=-98.615 + n / 1000,
            lat=39.79 + n / 1000,
            stands_for_addresses=20 + n,
            max_displacement_m=80.5,
            district_slug=district,
            beat_slug=beat,
            footprint=square(-98.615 + n / 1000, 39.79 + n / 1000, 0.001),
            first_release=1,
        )
    for code, parent, level, district, n, where in [
        ("city", "", 0, "", 2400, square(-98.62, 39.78, 0.04)),
        ("N", "city", 1, "north", 1200, square(-98.62, 39.80)),
        ("S", "city", 1, "south", 1200, square(-98.62, 39.78)),
        ("N-W", "N", 2, "north", 600, box(-98.62, 39.80, 0.01, 0.02)),
        ("N-E", "N", 2, "north", 600, box(-98.61, 39.80, 0.01, 0.02)),
    ]:
        PublishedCell.objects.create(
            code=code,
            parent_code=parent,
            level=level,
            district_slug=district,
            n_addresses=n,
            footprint=where,
            first_release=1,
        )


def incident(
    day: dt.date, *, category: str = "theft", place: str = "N-0", **values: Any
) -> PublishedIncident:
    starts_at = dt.datetime(day.year, day.month, day.day, 6, tzinfo=dt.UTC)
    known = PublishedPlace.objects.filter(code=place).first()
    defaults: dict[str, Any] = {
        "public_id": secrets.token_hex(12),
        "category": category,
        "precision": "place",
        "place_code": place,
        "district_slug": known.district_slug if known else "",
        "beat_slug": known.beat_slug if known else "",
        "period": f"{day:%Y-%m-%d}T06/PT6H",
        "starts_at": starts_at,
        "ends_at": starts_at + dt.timedelta(hours=6),
        "first_release": 1,
    }
    return PublishedIncident.objects.create(**{**defaults, **values})


def _incidents() -> None:
    for month, n in ((8, 5), (9, 0), (10, 7)):
        for day in range(1, n + 1):
            incident(dt.date(2026, month, day), category="theft" if day % 2 else "burglary")
    week = {
        "precision": "cell",
        "place_code": "",
        "cell_code": "N-W",
        "district_slug": "north",
        "beat_slug": "",
        "period": "2026-W41",
        "starts_at": dt.datetime(2026, 10, 5, tzinfo=dt.UTC),
        "ends_at": dt.datetime(2026, 10, 12, tzinfo=dt.UTC),
    }
    for n in range(5):
        incident(dt.date(2026, 10, 5), category="assault" if n else "robbery", place="", **week)
    district = {**week, "precision": "district", "cell_code": "S", "district_slug": "south"}
    incident(dt.date(2026, 10, 5), category="assault", place="", **district)
    nowhere = {**week, "precision": "city", "cell_code": "", "district_slug": ""}
    incident(dt.date(2026, 10, 5), category="assault", place="", **nowhere)


def _gunfire() -> None:
    for day, rounds, confidence in ((1, "1", 85), (2, "2-5", 95), (9, "6+", None)):
        starts_at = dt.datetime(2026, 10, day, 18, tzinfo=dt.UTC)
        PublishedGunfire.objects.create(
            public_id=secrets.token_hex(12),
            kind="gunfire",
            rounds=rounds,
            confidence_pct=confidence,
            provider="daylight",
            precision="place",
            place_code="S-2",
            district_slug="south",
            beat_slug="south-1",
            period=f"2026-10-{day:02}T18/PT6H",
            starts_at=starts_at,
            ends_at=starts_at + dt.timedelta(hours=6),
            first_release=1,
        )


def _ledger() -> None:
    """October of a city with eighty alerts, as the gate would have told it; South has too few for minutes."""
    for n, row in enumerate(PublishedGunfire.objects.order_by("starts_at")):
        PublishedOutcome.objects.create(
            public_id=row.public_id,
            outcome=("evidence", "unconfirmed", "not_reported")[n],
            first_release=1,
        )
    shares = {
        "evidence": (9, 60), "unconfirmed": (45, 60), "unfounded": (6, 60),
        "no_disposition": (20, 80), "reviewed": (40, 80), "called": (18, 80), "overridden": (4, 40),
        "disputed": (2, 12), "missed": (3, 14),
    }  # fmt: skip
    for period in ("2026-10", "2025-11/2026-10"):
        for measure, (count, n) in shares.items():
            figure(period, measure, "share", count / n, 0.9 * count / n, 1.2 * count / n, count, n)
        figure(period, "alerts", "alerts", 80, 63.4, 99.6, 80, 80)
        for measure, unit, value in (
            ("response", "min", 6.5),
            ("dispatch", "min", 1.5),
            ("officer_hours", "h", 64),
            ("officer_hours_unconfirmed", "h", 41),
            ("location_error", "m", 11),
            ("latency", "s", 4.2),
        ):
            figure(period, measure, unit, value, value * 0.8, value * 1.3, None, 52)
    figure("2026-10", "uptime", "share", 0.97, 0.95, 0.99, None, 31)
    for district, n in (("north", 50), ("south", 30)):
        figure("2026-10", "alerts", "alerts", n, n - 12, n + 14, n, n, district)
        figure("2025-11/2026-10", "alerts", "alerts", n, n - 12, n + 14, n, n, district)
        for period in ("2026-10", "2025-11/2026-10"):
            figure(period, "evidence", "share", 0.15, 0.05, 0.35, n // 10, n // 2, district)
            untold(period, "missed", "share", "suppressed", district)
            untold(period, "response", "min", "suppressed", district)
    for low, n, evidence, observed in ((60, 14, 6, 42.9), (80, 20, 15, 75.0), (90, 9, 8, 88.9)):
        PublishedCalibration.objects.create(
            period="2025-11/2026-10",
            stated_from_pct=low,
            stated_to_pct=low + 5 if low < 90 else 100,
            stated_pct=low + 2.5,
            n=n,
            n_evidence=evidence,
            n_unconfirmed=3 * n,
            observed_pct=observed,
            low_pct=observed - 20,
            high_pct=min(observed + 20, 100),
            first_release=1,
        )
    Release.objects.filter(dataset__slug="gunfire-ledger").update(
        made_with={"detector": ["0.2.0"], "classifier": ["riverbend-3"]}
    )


def figure(
    period: str,
    measure: str,
    unit: str,
    value: float,
    low: float,
    high: float,
    count: int | None,
    n: int,
    district: str = "",
) -> None:
    PublishedFigure.objects.create(
        period=period,
        district_slug=district,
        measure=measure,
        unit=unit,
        status="told",
        value=round(value, 4),
        low=round(low, 4),
        high=round(min(high, 1.0) if unit == "share" else high, 4),
        count=count,
        n=n,
        first_release=1,
    )


def untold(period: str, measure: str, unit: str, status: str, district: str = "") -> None:
    PublishedFigure.objects.create(
        period=period,
        district_slug=district,
        measure=measure,
        unit=unit,
        status=status,
        first_release=1,
    )


def tally(slug: str, *, number: int = 1) -> None:
    """Row by row: slower than the gate's SQL and independent of it."""
    model, column = (
        (PublishedIncident, "category") if slug == "incidents" else (PublishedGunfire, "kind")
    )
    counts: dict[tuple[Any, ...], int] = {}
    for row in model.objects.all():
        key = (
            row.starts_at.date().replace(day=1),
            getattr(row, column),
            row.district_slug,
            row.beat_slug,
            (row.ends_at - dt.timedelta(seconds=1)).date().replace(day=1),
            row.precision,
        )
        counts[key] = counts.get(key, 0) + 1
    for (month, category, district, beat, last_month, precision), n in counts.items():
        PublishedTally.objects.create(
            dataset_slug=slug,
            release_number=number,
            month=month,
            last_month=last_month,
            precision=precision,
            category=category,
            district_slug=district,
            beat_slug=beat,
            n=n,
        )


def count_rows() -> None:
    """Write the number of rows into each release."""
    from portal.feeds.rows import rows_of

    for release in Release.objects.select_related("dataset"):
        Release.objects.filter(pk=release.pk).update(n_rows=sum(1 for _ in rows_of(release)))
