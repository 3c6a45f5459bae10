"""Public addresses -> the only places and cells that Daylight ever publishes.

Everything here is computed from PUBLIC addresses and PUBLIC borders. No incident, no resident and
no sensor goes in, so nothing that comes out can tell about one. docs/gate.md says why the
construction cannot be reversed.

One binary tree cuts each district, always across the longer side of the addresses it holds, so
that each half gets its share of them. Its last branches are the *places* (>= 20 addresses); its
first branches are the *cells* (>= 500). A place therefore lies in exactly one cell, a cell in one
district, a district in the city: two codes of one event never intersect to something smaller.
"""

from portal.publication.partition.cells import Cells, median_tree
from portal.publication.partition.districts import OUTSIDE, District, assign_districts
from portal.publication.partition.places import PartitionError, Places, snap_places

__all__ = [
    "OUTSIDE",
    "Cells",
    "District",
    "PartitionError",
    "Places",
    "assign_districts",
    "median_tree",
    "snap_places",
]
