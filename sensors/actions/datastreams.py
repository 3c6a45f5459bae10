"""Datastreams: made when a sensor first speaks of a property, moved on by newer readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from sensors.models import Datastream

Key = tuple[int, str]  # sensor id, observed property


def datastream_ids(units: Mapping[Key, str]) -> dict[Key, int]:
    """The id of each datastream, made where there is none yet. units: the unit of those made."""
    known = _known(units)
    if missing := sorted(units.keys() - known.keys()):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sensors_datastream (sensor_id, observed_property, unit)"
                " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])"
                " ON CONFLICT (sensor_id, observed_property) DO NOTHING",
                [
                    [sensor_id for sensor_id, _ in missing],
                    [name for _, name in missing],
                    [units[key] for key in missing],
                ],
            )
        known = _known(units)
    return {key: known[key] for key in units}


def _known(keys: Iterable[Key]) -> dict[Key, int]:
    found = Datastream.objects.filter(sensor_id__in={sensor_id for sensor_id, _ in keys})
    return {
        (sensor_id, name): pk
        for pk, sensor_id, name in found.values_list("id", "sensor_id", "observed_property")
    }


def move_on(newest: Mapping[int, tuple[datetime, float]]) -> None:
    """Set the latest reading of datastreams (by id), where it is newer than the one that is known."""
    ids = sorted(newest)
    # locked in order, so that two drains cannot wait for each other in a ring
    list(Datastream.objects.select_for_update().filter(pk__in=ids).order_by("pk").values("pk"))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sensors_datastream d SET latest_at = n.at, latest_value = n.value"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::float8[]) AS n(id, at, value)"
            " WHERE d.id = n.id AND (d.latest_at IS NULL OR d.latest_at < n.at)",
            [ids, [newest[pk][0] for pk in ids], [newest[pk][1] for pk in ids]],
        )
