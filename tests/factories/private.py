"""A small private city in the vault: two districts, 2,400 addresses, incidents of every tier."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from incidents.models import Address, Area, CallForService, Incident
from sensors.models import AcousticEvent
from tests.factories.released import square

NOW = dt.datetime(2026, 11, 16, 15, tzinfo=dt.UTC)  # a Monday, 09:00 in the city
WEST, SOUTH = -98.62, 39.78
ADDRESSES_A_DISTRICT = 1_200


def private_city(*, seed: int = 7) -> None:
    """Areas and addresses; no records yet."""
    city = Area.objects.create(
        kind="city",
        code="T",
        name="Testville",
        slug="testville",
        geometry=square(WEST, SOUTH, 0.04),
    )
    line = {
        "type": "LineString",
        "coordinates": [[WEST, SOUTH + 0.01], [WEST + 0.04, SOUTH + 0.01]],
    }
    Area.objects.create(
        kind="street", code="main", name="Main Street", slug="main-street", geometry=line
    )
    Area.objects.create(
        kind="park",
        code="p",
        name="Green",
        slug="green",
        geometry=square(WEST + 0.01, SOUTH + 0.005, 0.002),
    )
    random = np.random.default_rng(seed)
    for name, lat in (("North", SOUTH + 0.02), ("South", SOUTH)):
        district = Area.objects.create(
            kind="district",
            code=name[0],
            name=name,
            slug=name.lower(),
            parent=city,
            geometry=_box(WEST, lat, 0.04, 0.02),
        )
        beats = [
            Area.objects.create(
                kind="beat",
                code=f"{name[0]}{half + 1}",
                name=f"{name} {half + 1}",
                slug=f"{name.lower()}-{half + 1}",
                parent=district,
                geometry=_box(WEST + 0.02 * half, lat, 0.02, 0.02),
            )
            for half in (0, 1)
        ]
        _addresses(district, beats, lat, random)


def _box(west: float, south: float, width: float, height: float) -> dict[str, Any]:
    east, north = west + width, south + height
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _addresses(district: Area, beats: list[Area], lat: float, random: np.random.Generator) -> None:
    lons = WEST + random.uniform(0.0005, 0.0395, ADDRESSES_A_DISTRICT)
    lats = lat + random.uniform(0.0005, 0.0195, ADDRESSES_A_DISTRICT)
    # Nobody lives in the park, nor within some seventy metres of it.
    near_park = (np.abs(lons - WEST - 0.011) < 0.002) & (np.abs(lats - SOUTH - 0.006) < 0.002)
    lons[near_park] += 0.005
    Address.objects.bulk_create(
        Address(
            source_id=f"{district.code}-{n}",
            street=f"{district.name} Street {n % 12}",
            number_from=n + 1,
            lon=lon,
            lat=lat_,
            district=district,
            beat=beats[int(lon > WEST + 0.02)],
        )
        for n, (lon, lat_) in enumerate(zip(lons, lats, strict=True))
    )


_serial = iter(range(10**9))


def incident(**values: Any) -> Incident:
    """A theft in the open, long enough ago to be due, at the first address of the north."""
    address = values.pop("address", None) or Address.objects.get(source_id="N-0")
    defaults: dict[str, Any] = {
        "source": "test",
        "source_id": f"r{next(_serial)}",
        "code": "T1",
        "category": "theft",
        "tier": "0a",
        "occurred_from": NOW - dt.timedelta(days=40),
        "lon": address.lon,
        "lat": address.lat,
        "district": address.district,
        "beat": address.beat,
        "location_type": "street",
        "first_seen_at": NOW - dt.timedelta(days=39),
        "updated_at": NOW,
    }
    return Incident.objects.create(**{**defaults, **values})


def group_of_assaults(
    n: int = 5, *, when: dt.datetime | None = None, district: str = "N"
) -> list[Incident]:
    """Person crimes of two kinds from n addresses of one district in one week."""
    when = when or NOW - dt.timedelta(days=42)
    return [
        incident(
            address=Address.objects.get(source_id=f"{district}-{i}"),
            category="assault" if i else "robbery",
            tier="1",
            occurred_from=when + dt.timedelta(hours=i),
        )
        for i in range(n)
    ]


def gunshot(**values: Any) -> AcousticEvent:
    defaults: dict[str, Any] = {
        "provider_event_id": f"e{next(_serial)}",
        "occurred_at": NOW - dt.timedelta(days=10),
        "lon": WEST + 0.01,
        "lat": SOUTH + 0.01,
        "kind": "gunfire",
        "probability": 0.93,
        "n_shots": 3,
        "is_multiple": True,
        "detected_at": NOW - dt.timedelta(days=10),
    }
    return AcousticEvent.objects.create(**{**defaults, **values})


def call(**values: Any) -> CallForService:
    """Somebody hears a noise, long enough ago to be due, at the first address of the north."""
    address = values.pop("address", None) or Address.objects.get(source_id="N-0")
    defaults: dict[str, Any] = {
        "source": "test",
        "source_id": f"c{next(_serial)}",
        "call_type": "NOISE",
        "category": "noise",
        "tier": "0b",
        "received_at": NOW - dt.timedelta(days=40),
        "lon": address.lon,
        "lat": address.lat,
        "district": address.district,
        "beat": address.beat,
    }
    return CallForService.objects.create(**{**defaults, **values})


def group_of_calls(
    n: int = 5, *, when: dt.datetime | None = None, district: str = "N"
) -> list[CallForService]:
    """Calls about people, of two kinds, from n addresses of one district in one week, each about its own event."""
    when = when or NOW - dt.timedelta(days=42)
    return [
        call(
            address=Address.objects.get(source_id=f"{district}-{i}"),
            call_type="DISTURBANCE",
            category="disorder" if i else "trespass",
            tier="1",
            received_at=when + dt.timedelta(hours=3 * i),
        )
        for i in range(n)
    ]


def many_incidents(
    n: int = 600, *, seed: int = 11, until: dt.datetime = NOW, days: float = 365
) -> None:
    """Records of all tiers over a year (or some days), as a city has them."""
    random = np.random.default_rng(seed)
    addresses = list(Address.objects.order_by("source_id"))
    kinds = [
        ("theft", "0a", "street"),
        ("vehicle-theft", "0a", "parking lot"),
        ("burglary", "0b", "apartment"),
        ("assault", "1", "street"),
        ("robbery", "1", "sidewalk"),
        ("drugs", "1", "street"),
        ("domestic", "2", "residence"),
        ("sexual-offence", "2", "residence"),
        ("mystery", "9", "street"),
    ]
    share = np.array([22, 12, 14, 18, 12, 10, 6, 4, 2], float)
    Incident.objects.bulk_create(
        _random_incident(addresses, kinds[k], until - dt.timedelta(days=float(age)), random)
        for k, age in zip(
            random.choice(len(kinds), n, p=share / share.sum()),
            random.uniform(1, days, n),
            strict=True,
        )
    )


def _random_incident(
    addresses: list[Address],
    kind: tuple[str, str, str],
    when: dt.datetime,
    random: np.random.Generator,
) -> Incident:
    address = addresses[int(random.integers(len(addresses)))]
    category, tier, location_type = kind
    return Incident(
        source="test",
        source_id=f"m{next(_serial)}",
        code=category,
        category=category,
        tier=tier,
        occurred_from=when,
        lon=address.lon,
        lat=address.lat,
        district=address.district,
        beat=address.beat,
        location_type=location_type,
        first_seen_at=when + dt.timedelta(hours=2),
        updated_at=NOW,
    )
