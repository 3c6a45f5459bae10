"""Longitude and latitude to metres on a plane, and back.

A city is small: on a plane that touches the WGS 84 ellipsoid at its middle, distances within
30 km are right to better than 0.1 %, which is far below any other error in this system.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WGS84_A_M = 6_378_137.0
WGS84_E2 = 6.694379990141316e-3


@dataclass(frozen=True)
class LocalPlane:
    """A metric plane (x east, y north, metres) tangent to the ellipsoid at ``lon0, lat0`` (degrees)."""

    lon0: float
    lat0: float

    def __post_init__(self) -> None:
        if not (-180.0 <= self.lon0 <= 180.0 and -89.0 <= self.lat0 <= 89.0):
            raise ValueError(
                f"got origin ({self.lon0}, {self.lat0}); wanted a longitude in -180..180 and a latitude in -89..89"
            )

    @classmethod
    def around(cls, lon: ArrayLike, lat: ArrayLike) -> LocalPlane:
        """The plane through the mean of some points. lon, lat: degrees, shape (n,), n >= 1."""
        lons, lats = np.asarray(lon, float), np.asarray(lat, float)
        if lons.size == 0:
            raise ValueError("got no points; wanted at least one to centre the plane on")
        return cls(float(lons.mean()), float(lats.mean()))

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Metres in one degree of longitude and of latitude at the origin (radii of curvature N and M)."""
        phi = np.radians(self.lat0)
        w2 = 1.0 - WGS84_E2 * np.sin(phi) ** 2
        normal = WGS84_A_M / np.sqrt(w2)
        meridional = WGS84_A_M * (1.0 - WGS84_E2) / w2**1.5
        return float(np.radians(1.0) * normal * np.cos(phi)), float(np.radians(1.0) * meridional)

    def to_xy(
        self, lon: ArrayLike, lat: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Metres east and north of the origin; same shape as the input."""
        east, north = self.metres_per_degree
        x = (np.asarray(lon, float) - self.lon0) * east
        y = (np.asarray(lat, float) - self.lat0) * north
        return x, y

    def to_lonlat(
        self, x: ArrayLike, y: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Degrees from metres; the inverse of :meth:`to_xy`."""
        east, north = self.metres_per_degree
        return self.lon0 + np.asarray(x, float) / east, self.lat0 + np.asarray(y, float) / north
