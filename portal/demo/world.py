"""The demonstration city as it stands at one instant: made from a seed, the same at every start."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from community.simulation import SimulatedFeedback, simulate_feedback
from incidents.simulation import (
    Alerted,
    Incidents,
    Responses,
    Reviews,
    simulate_calls,
    simulate_incidents,
    simulate_responses,
    simulate_reviews,
)
from sensors.simulation.acoustic import AcousticSensors, place_sensors
from sensors.simulation.assets import Assets, place_assets
from sensors.simulation.city import City, build_city
from sensors.simulation.geojson import (
    city_address_table,
    city_geojson_beats,
    city_geojson_districts,
    city_geojson_limits,
    city_geojson_parks,
    city_geojson_streets,
    city_geojson_water,
)
from sensors.simulation.gunfire import LoudEvents, loud_events
from sensors.simulation.plan import FULL_CITY, CityPlan

SEED = 7


@dataclass(frozen=True)
class World:
    """Everything the demo knows; each part is made when it is first needed."""

    until: dt.datetime  # where its past ends and its live devices take over
    plan: CityPlan = FULL_CITY
    seed: int = SEED

    @cached_property
    def city(self) -> City:
        return build_city(self.seed, plan=self.plan)

    @cached_property
    def bangs(self) -> LoudEvents:
        return loud_events(self.city, self.seed, until=self.until)

    @cached_property
    def microphones(self) -> AcousticSensors:
        return place_sensors(self.city)

    @cached_property
    def assets(self) -> Assets:
        return place_assets(self.city)

    @cached_property
    def voices(self) -> list[SimulatedFeedback]:
        return simulate_feedback(self.city, self.seed, until=self.until)

    def write_areas(self, path: Path) -> None:
        """One GeoJSON file, what contains before what is contained."""
        collections = (
            city_geojson_limits,
            city_geojson_districts,
            city_geojson_beats,
            city_geojson_parks,
            city_geojson_water,
            _avenues,
        )
        features = [
            feature for collection in collections for feature in collection(self.city)["features"]
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    def write_addresses(self, path: Path) -> None:
        _write_csv(path, city_address_table(self.city))

    @cached_property
    def records(self) -> Incidents:
        return simulate_incidents(self.city, self.seed, until=self.until, events=self.bangs)

    def responses(self, alerts: Alerted) -> Responses:
        """What officers found at the alerts that the detector gave."""
        return simulate_responses(
            self.city, self.seed, alerts=alerts, events=self.bangs, incidents=self.records
        )

    def reviews(self, alerts: Alerted) -> Reviews:
        """What two reviewers thought of them."""
        return simulate_reviews(
            self.seed, alerts=alerts, events=self.bangs, responses=self.responses(alerts)
        )

    def write_incidents(self, path: Path) -> None:
        _write_csv(path, self.records.columns)

    def write_calls(self, path: Path) -> None:
        calls = simulate_calls(
            self.city, self.seed, until=self.until, events=self.bangs, incidents=self.records
        )
        _write_csv(path, calls.columns)

    def write_responses(self, path: Path, alerts: Alerted) -> None:
        _write_csv(path, self.responses(alerts).columns)


def _avenues(city: City) -> dict[str, Any]:
    """Main streets only: on a map of the whole city the others are noise."""
    streets = city_geojson_streets(city)
    main = [f for f in streets["features"] if f["properties"]["class"] == "avenue"]
    return {**streets, "features": main}


def _write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    rows: Iterable[tuple[Any, ...]] = zip(*columns.values(), strict=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
