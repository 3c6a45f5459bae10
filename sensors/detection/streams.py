"""What the detector is given: pulses, sensors and weather as plain columns.

A column may be absent (``None``); a single missing value is NaN. Nothing here judges the
values: :mod:`sensors.detection.quality` does that, row by row, and counts what it refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.geodesy import LocalPlane

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MISSING_NS = int(np.iinfo(np.int64).min)
"""The int64 that means "no time was given"; integers have no NaN."""

EARTH_M = 1e8
"""No projection of the Earth has coordinates beyond this."""
PLANE_RADIUS_M = 150_000.0
"""A sensor farther than this from the middle of its array has a wrong position (0, 0 is the usual one)."""


class ColumnError(ValueError):
    """Columns that cannot belong together: the message says what was got and what was wanted."""


def _check_lengths(table: Any, wanted: int) -> None:
    for field in fields(table):
        column = getattr(table, field.name)
        if isinstance(column, np.ndarray) and column.shape != (wanted,):
            raise ColumnError(
                f"{type(table).__name__}.{field.name}: got shape {column.shape}; wanted ({wanted},)"
            )


@dataclass(frozen=True, eq=False)
class PulseArrays:
    """Impulses as sensors reported them; every column has shape (n,), in any order.

    sensor_id: strings or integers. t_ns: int64 nanoseconds since 1970 UTC of the pulse's start
    at the sensor, ``MISSING_NS`` where unknown. recv_ns: when it reached us. peak_db: dB SPL.
    snr_db: dB. rise_ms, dur_ms: milliseconds. centroid_hz: hertz.
    """

    sensor_id: NDArray[Any]
    t_ns: Ints
    pulse_id: NDArray[Any] | None = None
    recv_ns: Ints | None = None
    peak_db: Floats | None = None
    snr_db: Floats | None = None
    rise_ms: Floats | None = None
    dur_ms: Floats | None = None
    centroid_hz: Floats | None = None

    def __post_init__(self) -> None:
        if self.t_ns.dtype != np.int64:
            raise ColumnError(f"PulseArrays.t_ns: got {self.t_ns.dtype}; wanted int64 nanoseconds")
        _check_lengths(self, self.t_ns.size)

    def __len__(self) -> int:
        return int(self.t_ns.size)

    def feature(self, name: str) -> Floats:
        """One feature column with everything that is not a finite number as NaN; all NaN if absent."""
        column = getattr(self, name)
        if column is None:
            return np.full(len(self), np.nan)
        values = np.asarray(column, float)
        return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True, eq=False)
class SensorArrays:
    """Where the sensors are; every column has shape (m,), in any order.

    Either lon and lat (degrees) or x_m and y_m (metres east and north). z_m is carried for
    completeness and not used: see docs/detection.md. active: False for a sensor known to be
    out of service, whose silence then counts for nothing. background_per_h: the sensor's usual
    pulses per hour without incidents, where the caller knows it.
    """

    sensor_id: NDArray[Any]
    lon: Floats | None = None
    lat: Floats | None = None
    x_m: Floats | None = None
    y_m: Floats | None = None
    z_m: Floats | None = None
    active: Bools | None = None
    background_per_h: Floats | None = None

    def __post_init__(self) -> None:
        _check_lengths(self, self.sensor_id.size)
        if np.unique(self.sensor_id.astype(str)).size != self.sensor_id.size:
            raise ColumnError("SensorArrays.sensor_id: got repeated ids; wanted each sensor once")
        geographic = self.lon is not None and self.lat is not None
        metric = self.x_m is not None and self.y_m is not None
        if geographic == metric:
            raise ColumnError(
                "SensorArrays: got neither or both of lon, lat and x_m, y_m; wanted one pair"
            )

    def __len__(self) -> int:
        return int(self.sensor_id.size)


@dataclass(frozen=True, eq=False)
class Weather:
    """Weather reports; every column has shape (k,). Wind is named by where it comes FROM, as reported."""

    t_ns: Ints
    temp_c: Floats
    wind_mps: Floats | None = None
    wind_from_deg: Floats | None = None

    def __post_init__(self) -> None:
        _check_lengths(self, self.t_ns.size)


@dataclass(frozen=True, eq=False)
class SensorSites:
    """Sensors in id order on one metric plane. xy_m: (m, 2) from origin_m, NaN where the position is
    unusable. origin_m: (2,) a whole kilometre amid the sensors, in the caller's metres."""

    sensor_id: NDArray[np.str_]
    xy_m: Floats
    origin_m: Floats
    active: Bools
    background_per_h: Floats
    plane: LocalPlane | None

    @property
    def placed(self) -> Bools:
        return np.asarray(np.isfinite(self.xy_m).all(axis=1))


def place(sensors: SensorArrays) -> SensorSites:
    """Sort sensors by id (so that row order cannot matter) and put them on one metric plane."""
    order = np.argsort(sensors.sensor_id.astype(str), kind="stable")
    plane = None
    if sensors.lon is not None and sensors.lat is not None:
        lon, lat = np.asarray(sensors.lon, float)[order], np.asarray(sensors.lat, float)[order]
        good = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 89.0)
        lon, lat = np.where(good, lon, np.nan), np.where(good, lat, np.nan)
        if good.any():
            # the median, so that one sensor at (0, 0) does not move the plane off the city
            plane = LocalPlane(float(np.nanmedian(lon)), float(np.nanmedian(lat)))
            xy = np.column_stack(plane.to_xy(lon, lat))
        else:
            xy = np.full((len(sensors), 2), np.nan)
    else:
        assert sensors.x_m is not None
        assert sensors.y_m is not None
        xy = np.column_stack([sensors.x_m, sensors.y_m]).astype(float)[order]
    xy, origin = _amid(xy)
    return SensorSites(
        sensor_id=sensors.sensor_id.astype(str)[order],
        xy_m=xy,
        origin_m=origin,
        active=_or_default(sensors.active, True, len(sensors))[order].astype(bool),
        background_per_h=_or_default(sensors.background_per_h, np.nan, len(sensors))[order],
        plane=plane,
    )


def _amid(xy: Floats) -> tuple[Floats, Floats]:
    """Positions from a whole kilometre near their median, strays as NaN, and that kilometre."""
    usable = np.abs(np.nan_to_num(xy, nan=np.inf)).max(axis=1, initial=0.0) < EARTH_M
    if not usable.any():
        return np.full_like(xy, np.nan), np.zeros(2)
    origin = np.round(np.median(xy[usable], axis=0), -3)
    from_origin = np.where(usable[:, None], xy, np.nan) - origin
    near = np.abs(np.nan_to_num(from_origin, nan=np.inf)).max(axis=1) <= PLANE_RADIUS_M
    return np.where(near[:, None], from_origin, np.nan), origin


def _or_default(column: NDArray[Any] | None, default: Any, size: int) -> NDArray[Any]:
    return np.full(size, default) if column is None else np.asarray(column)
