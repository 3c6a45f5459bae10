"""Which door a point belongs to: the public addresses as a search tree, in metres on the city's plane."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from portal.publication.sources import Addresses
from sensors.geodesy import LocalPlane

# Two records this near to the same door happened at that door, whatever the device's last digits say.
DOOR_M = 50.0
# Farther out there is no door to tell apart: points that share a square of this side are one address.
OPEN_LAND_M = 25.0
UNKNOWN = -1


@dataclass(frozen=True)
class Doors:
    """Distinct points of public addresses. A tower of sixty flats is one door."""

    plane: LocalPlane
    tree: cKDTree = field(repr=False)

    @classmethod
    def of(cls, addresses: Addresses, plane: LocalPlane) -> Self:
        points = np.column_stack(plane.to_xy(addresses.lon, addresses.lat))
        return cls(plane, cKDTree(np.unique(np.round(points, 2), axis=0)))

    def numbers(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int64]:
        """One integer per address, so that the group rule can count them; -1 where no point is known.

        The nearest door names the address. Coordinates alone would not do: one home that three
        officers located three metres apart would pass for three addresses.
        """
        x, y = self.plane.to_xy(lon, lat)
        number = np.full(x.shape, UNKNOWN, np.int64)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if known.size == 0:
            return number
        at = np.column_stack([x[known], y[known]])
        distance_m, door = self.tree.query(at)
        squares = np.floor(at / OPEN_LAND_M)
        _, square = np.unique(squares[:, 0] + 1j * squares[:, 1], return_inverse=True)
        number[known] = np.where(distance_m <= DOOR_M, door, self.tree.n + 1 + square)
        return number
