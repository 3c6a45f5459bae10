"""What the attacker has and what he wants, gathered: public rows of one release beside the private truth.

Reads the vault as the publisher, through the escrow; writes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from portal.models import Release
from portal.publication import sources
from portal.publication.audit.arrays import columns
from portal.publication.audit.attacks.differences import Editions
from portal.publication.audit.attacks.linkage import Witness
from portal.publication.audit.attacks.places import counted
from portal.publication.audit.attacks.world import (
    LOW,
    NONE,
    PERSON,
    SENSITIVE,
    Addresses,
    Floats,
    Ints,
    Known,
    PublicMap,
    Rows,
    Truth,
    inside,
)
from portal.publication.audit.geography import query, read_addresses, read_map, texts
from portal.publication.calls import patient
from portal.publication.decisions import tiers_of, utc
from portal.publication.disclosure import Tier, code_interval, is_due, local_times
from portal.publication.verification import Standard
from sensors.geodesy import LocalPlane


@dataclass(frozen=True)
class Source:
    """Where the rows of a dataset are, and the private rows behind them."""

    table: str
    category: str  # of a public row r
    private: str
    occurred: str  # of a private row i
    private_category: str
    private_tier: str  # its label, from code alone
    is_echo: str = "false"  # whether a public row, a its escrow, says what the row of its record says, and no more


SOURCES: Final = {
    "incidents": Source(
        "release.incident", "r.category", "vault.incidents_incident", "i.occurred_from",
        "i.category", "CASE WHEN i.is_sealed THEN '3' ELSE i.tier END",
    ),
    "gunfire": Source(
        "release.gunfire", "r.kind", "vault.sensors_acousticevent", "i.occurred_at", "i.kind", "'0a'"
    ),
    "calls": Source(
        "release.call", "r.category", "vault.incidents_callforservice", "i.received_at",
        "i.category", "i.tier",
        "EXISTS (SELECT FROM release.incident e WHERE e.public_id = a.follows AND (e.category, e.place_code, "
        "e.cell_code, e.period) = (r.category, r.place_code, r.cell_code, r.period))",
    ),
}  # fmt: skip

TIER: Final = (
    "CASE {label} WHEN '0a' THEN 0 WHEN '0b' THEN 1 WHEN '1' THEN 2 WHEN '2' THEN 3 ELSE 4 END"
)
IN_RELEASE: Final = "r.first_release <= %(number)s AND (r.retired_release IS NULL OR r.retired_release > %(number)s)"


def seconds(instant: str) -> str:
    """An instant as seconds since 1970, in SQL."""
    return f"extract(epoch FROM {instant})"


@dataclass
class World:
    """One built release of a dataset whose rows have a place and a time."""

    release: Release
    standard: Standard

    @property
    def source(self) -> Source:
        return SOURCES[self.release.dataset.slug]

    @property
    def plane(self) -> LocalPlane:
        return self.standard.doors.plane

    @property
    def doors(self) -> Floats:
        found: Floats = self.standard.doors.tree.data
        return found

    @cached_property
    def flats(self) -> Ints:
        """Addresses at each door."""
        addresses, n = self.addresses, len(self.doors)
        known = np.isfinite(addresses.points).all(axis=1)
        _, door = self.standard.doors.tree.query(addresses.points[known])
        return np.bincount(door, addresses.stands_for[known], n).astype(np.int64)

    @cached_property
    def addresses(self) -> Addresses:
        return read_addresses(self.plane)

    @cached_property
    def counted(self) -> Ints:
        """Addresses in the footprint of each place, counted one by one."""
        return counted(self.addresses, self.map.place_shape)

    @cached_property
    def map(self) -> PublicMap:
        return read_map(self.plane, self.districts)

    @cached_property
    def districts(self) -> list[str]:
        return texts("SELECT DISTINCT district_slug FROM release.cell WHERE district_slug <> ''")

    @cached_property
    def categories(self) -> list[str]:
        source = self.source
        return texts(
            f"SELECT {source.category} FROM {source.table} r UNION "  # noqa: S608 - our own text
            f"SELECT {source.private_category} FROM {source.private} i"
        )

    @cached_property
    def _rows(self) -> dict[str, NDArray]:
        source = self.source
        return columns(
            {
                "position": ("r.id", "int"),
                "record": ("coalesce(a.record_id, -1)", "int"),
                "place": ("coalesce(p.id, -1)", "int"),
                "cell": ("coalesce(c.id, -1)", "int"),
                "district": (
                    "coalesce(array_position(%(districts)s::text[], r.district_slug::text), 0) - 1",
                    "int",
                ),
                "category": (f"array_position(%(categories)s::text[], {source.category}::text) - 1", "int"),
                "start_s": (seconds("r.starts_at"), "int"),
                "end_s": (seconds("r.ends_at"), "int"),
                "first": ("r.first_release", "int"),
                "tier": (TIER.format(label="coalesce(a.tier, '')"), "int"),
                "is_echo": (f"({source.is_echo})::int", "int"),
            },
            f"FROM {source.table} r LEFT JOIN vault.publication_assignment a USING (public_id) "
            "LEFT JOIN release.place p ON p.code = r.place_code "
            "LEFT JOIN release.cell c ON c.code = r.cell_code "
            f'WHERE {IN_RELEASE} ORDER BY r.public_id COLLATE "C"',
            self.parameters,
        )  # fmt: skip

    @cached_property
    def _private(self) -> dict[str, NDArray]:
        source = self.source
        return columns(
            {
                "number": ("i.id", "int"),
                "occurred_s": (f"floor({seconds(source.occurred)})", "int"),
                "lon": ("coalesce(i.lon, 'NaN')", "float"),
                "lat": ("coalesce(i.lat, 'NaN')", "float"),
                "category": (
                    f"array_position(%(categories)s::text[], {source.private_category}::text) - 1",
                    "int",
                ),
                "tier": (
                    TIER.format(label=f"coalesce(a.tier, {source.private_tier})"),
                    "int",
                ),
                "today": (TIER.format(label=f"({source.private_tier})"), "int"),
                "is_decided": ("(a.id IS NOT NULL)::int", "int"),
            },
            f"FROM {source.private} i LEFT JOIN vault.publication_assignment a "
            "ON a.dataset_slug = %(slug)s AND a.record_id = i.id "
            f"WHERE {source.occurred} < %(as_of)s ORDER BY i.id",
            self.parameters,
        )

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "slug": self.release.dataset.slug,
            "number": self.release.number,
            "as_of": self.release.as_of,
            "districts": self.districts,
            "categories": self.categories,
        }

    @cached_property
    def rows(self) -> Rows:
        found = self._rows
        places, cells = (
            np.where(found[name] >= 0, np.searchsorted(ids, found[name]), NONE)
            for name, ids in (("place", self.map_ids[0]), ("cell", self.map_ids[1]))
        )
        spot = np.where(places >= 0, places, self.map.cell_spot(cells))
        spot = np.where(spot >= 0, spot, self.map.district_spot(found["district"]))
        spot = np.where(spot >= 0, spot, self.map.city)
        numbers = self._private["number"]
        at = np.minimum(np.searchsorted(numbers, found["record"]), max(len(numbers) - 1, 0))
        known = numbers[at] == found["record"] if len(numbers) else np.zeros(len(at), bool)
        return Rows(
            spot=spot,
            category=found["category"],
            start_s=found["start_s"],
            end_s=found["end_s"],
            first_release=found["first"],
            position=found["position"],
            record=np.where(known, at, NONE),
        )

    @cached_property
    def map_ids(self) -> tuple[Ints, Ints]:
        """Primary keys of places and cells, in the order of the map."""
        return tuple(
            columns({"id": ("id", "int")}, f"FROM release.{table} ORDER BY id", {})["id"]
            for table in ("place", "cell")
        )  # type: ignore[return-value]

    @cached_property
    def place_codes(self) -> list[str]:
        """In the order of the map."""
        return [row[0] for row in query("SELECT code FROM release.place ORDER BY id")]

    def promised(self, row: int) -> tuple[dt.datetime, dt.datetime] | None:
        """The period that a row names, from and to: what its instants should be. None where it names none."""
        ((code,),) = query(
            f"SELECT period FROM {self.source.table} WHERE id = %(id)s",  # noqa: S608 - our own text
            {"id": int(self.rows.position[row])},
        )
        try:
            start, end = code_interval(code)
        except ValueError:
            return None
        return utc(start, self.standard.zone), utc(end, self.standard.zone)

    @cached_property
    def place_of_door(self) -> Ints:
        """The place that each door lies in (one of them at an edge), NONE outside."""
        found = np.full(len(self.doors), NONE)
        at = inside(self.doors, self.map.place_shape)
        found[at.point] = at.shape
        return found

    @property
    def rank(self) -> Ints:
        """How closely each row says where: the city 0, a district 1, a cell 2, a place 3."""
        on, spot = self.map, self.rows.spot
        cell = np.clip(spot - on.n_places, 0, max(on.n_cells - 1, 0))
        in_cell = np.minimum(on.cell_level[cell], 2) if on.n_cells else np.zeros_like(spot)
        of_area = np.where(spot < on.n_places + on.n_cells, in_cell, np.where(spot < on.city, 1, 0))
        return np.where(spot < on.n_places, 3, of_area)

    @property
    def is_new(self) -> NDArray[np.bool_]:
        fresh: NDArray[np.bool_] = self.rows.first_release == self.release.number
        return fresh

    @cached_property
    def tier(self) -> Ints:
        """The exact tier (0..4) of each private record: as published, or as the gate sees it today."""
        tier = self._private["tier"].copy()
        if self.release.dataset.slug == sources.INCIDENTS:
            for records in sources.new_incidents(before=self.release.as_of):
                at = np.searchsorted(self._private["number"], records.record_id)
                tier[at] = tiers_of(records)
        fresh = self.is_new & (self.rows.record >= 0)
        record, today = self.rows.record[fresh], self._private["today"][self.rows.record[fresh]]
        # What a row says after its record is the record's, and is attacked there.
        own = (self._rows["is_echo"][fresh] == 0) | (today > Tier.PERSON)
        tier[record[own]] = np.maximum(tier[record], today)[own]
        return tier

    @cached_property
    def truth(self) -> Truth:
        private = self._private
        x, y = self.plane.to_xy(private["lon"], private["lat"])
        row = np.full(len(x), NONE)
        known = np.flatnonzero(self.rows.record >= 0)
        row[self.rows.record[known]] = known
        level = np.array([LOW, LOW, PERSON, SENSITIVE, SENSITIVE])
        return Truth(
            number=private["number"],
            occurred_s=private["occurred_s"],
            x=x,
            y=y,
            door=self._door_of(x, y),
            category=private["category"],
            tier=level[self.tier],
            row=row,
            is_new=(row >= 0) & self.is_new[row] if len(self.rows) else row >= 0,
        )

    def _door_of(self, x: Floats, y: Floats) -> Ints:
        door = np.full(len(x), NONE)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if known.size:
            _, door[known] = self.standard.doors.tree.query(np.column_stack([x[known], y[known]]))
        return door

    @cached_property
    def known(self) -> Known:
        return Known.of(self.truth.points, self.map)

    @cached_property
    def witness(self) -> Witness:
        return Witness(self.rows, self.truth, self.known, self.map, len(self.categories))

    @property
    def was_public(self) -> NDArray[np.bool_]:
        """Whether each private record is or once was a row."""
        decided: NDArray[np.bool_] = self._private["is_decided"] == 1
        return decided

    @property
    def today(self) -> Ints:
        """The tier of each private record by its own column alone, as a second opinion."""
        tier: Ints = self._private["today"]
        return tier

    @cached_property
    def is_due(self) -> NDArray[np.bool_]:
        """Whether each private record may be a row and its day has come."""
        private, standard = self._private, self.standard
        local, as_of = (
            local_times(np.asarray(at, "datetime64[s]"), zone=standard.zone)
            for at in (private["occurred_s"], [int(self.release.as_of.timestamp())])
        )
        may = self.tier <= Tier.PERSON
        due = is_due(
            local, np.minimum(self.tier, int(Tier.PERSON)), as_of=as_of[0], rules=standard.rules
        )
        return may & due  # fmt: skip

    @cached_property
    def delay_s(self) -> Ints:
        """How long each row waited at the least since it happened."""
        rules = self.standard.rules
        if self.release.dataset.slug == sources.CALLS:
            rules = patient(rules)
        low, person = rules.low_delay_h * 3_600, rules.person_delay_d * 86_400
        return np.where(self._rows["tier"] == int(Tier.PERSON), person, low)

    @cached_property
    def editions(self) -> Editions:
        seen = (Release.State.ACTIVE, Release.State.WITHDRAWN)
        releases = Release.objects.using("publisher").filter(dataset=self.release.dataset_id)
        rows = [*releases.filter(state__in=seen, number__lt=self.release.number), self.release]
        rows.sort(key=lambda release: release.number)
        return Editions(
            np.array([release.number for release in rows], np.int64),
            np.array([int(release.as_of.timestamp()) for release in rows], np.int64),
        )
