"""Which row is it? A scanner's log and a neighbour's window, laid over the released rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portal.publication.audit.attacks.world import (
    FEW,
    LOW,
    NONE,
    PERSON,
    SENSITIVE,
    Flags,
    Ints,
    Known,
    PublicMap,
    Rows,
    Truth,
)

SURE = 0.9  # a guess that is right nine times in ten is knowledge


@dataclass(frozen=True)
class Seen:
    """What each record's witness finds: rows, those of the record's own category, the row if only one."""

    total: Ints
    own: Ints
    only: Ints

    def __add__(self, other: Seen) -> Seen:
        only = np.where(self.total == 0, other.only, np.where(other.total == 0, self.only, NONE))
        return Seen(self.total + other.total, self.own + other.own, only)

    def where(self, chosen: Flags, other: Seen) -> Seen:
        """This where chosen, the other elsewhere."""
        pairs = zip(
            (self.total, self.own, self.only), (other.total, other.own, other.only), strict=True
        )
        return Seen(*(np.where(chosen, mine, theirs) for mine, theirs in pairs))

    @property
    def is_sure(self) -> Flags:
        """Nine rows in ten are of the record's own category."""
        return (self.total > 0) & (self.own >= SURE * self.total)


class Index:
    """Rows by spot and period, to be asked for a spot and an instant."""

    def __init__(self, rows: Rows, n_categories: int) -> None:
        spans, interval = np.unique(
            np.stack([rows.start_s, rows.end_s], axis=1), axis=0, return_inverse=True
        )
        self.n_intervals, self.n_categories = len(spans), n_categories
        self.layers = _layers(spans)
        key = rows.spot * self.n_intervals + interval.ravel()
        self.key, self.first, self.count = np.unique(key, return_index=True, return_counts=True)
        of_kind = key * n_categories + rows.category
        self.kind_key, self.kind_count = np.unique(of_kind, return_counts=True)

    def ask(self, record: Ints, spot: Ints, *, of: Truth) -> Seen:
        """Rows at the spots whose period holds the instant of the record. record, spot: pairs."""
        n = len(of)
        total, own, only = (np.zeros(n, np.int64) for _ in range(3))
        at_s, category = of.occurred_s[record], of.category[record]
        for starts, ends, interval in self.layers:
            k = np.searchsorted(starts, at_s, side="right") - 1
            there = (k >= 0) & (spot >= 0)
            there[there] = at_s[there] < ends[k[there]]
            key = spot[there] * self.n_intervals + interval[k[there]]
            found, place = _find(self.key, key)
            who = record[there][found]
            count = self.count[place]
            total += np.bincount(who, count, n).astype(np.int64)
            lone = count == 1
            only += np.bincount(who[lone], self.first[place[lone]] + 1, n).astype(np.int64)
            of_kind = key[found] * self.n_categories + category[there][found]
            has, at = _find(self.kind_key, of_kind)
            own += np.bincount(who[has], self.kind_count[at], n).astype(np.int64)
        return Seen(total, own, np.where(total == 1, only - 1, NONE))


def _find(table: Ints, keys: Ints) -> tuple[Flags, Ints]:
    """Which keys are in a sorted table, and where those are."""
    at = np.minimum(np.searchsorted(table, keys), max(len(table) - 1, 0))
    found = table[at] == keys if len(table) else np.zeros(len(keys), bool)
    return found, at[found]


def _layers(spans: Ints) -> list[tuple[Ints, Ints, Ints]]:
    """Periods in layers that do not overlap, so that an instant is looked up by bisection in each.

    spans: distinct (start, end), in order. Bands, weeks and months make three layers.
    """
    layers: list[list[int]] = []
    ends: list[int] = []
    for i, (start, end) in enumerate(spans.tolist()):
        fits = next((k for k, last in enumerate(ends) if last <= start), None)
        if fits is None:
            layers.append([i])
            ends.append(end)
        else:
            layers[fits].append(i)
            ends[fits] = end
    return [(spans[layer, 0], spans[layer, 1], np.array(layer, np.int64)) for layer in layers]


@dataclass(frozen=True)
class Witness:
    """Holds one edition, and what can be known of each record from its door."""

    rows: Rows
    truth: Truth
    known: Known
    map: PublicMap
    n_categories: int

    @cached_property
    def index(self) -> Index:
        return Index(self.rows, self.n_categories)

    @cached_property
    def dots(self) -> Seen:
        """Rows at the places around the door whose period holds the instant."""
        return self.index.ask(self.known.places.point, self.known.places.shape, of=self.truth)

    @cached_property
    def group(self) -> Seen:
        """The finest group that a crime against a person can be in: whoever lives in a cell that has
        one that week knows that his is in it."""
        record, cell = self.known.leaves.point, self.known.leaves.shape
        nobody = np.zeros(len(self.truth), np.int64)
        found = Seen(nobody, nobody, nobody + NONE)
        for level in range(int(self.map.cell_level.max(initial=0)), -1, -1):
            here = (cell >= 0) & (self.map.cell_level[cell] == level)
            here[1:] &= (record[1:] != record[:-1]) | (cell[1:] != cell[:-1])  # two halves meet
            spot = self.map.cell_spot(cell)
            seen = self.index.ask(record[here], spot[here], of=self.truth)
            found = found.where(found.total > 0, seen)
            cell = np.where(here, self.map.cell_parent[cell], cell)
        district = self.map.cell_district[self.known.leaves.shape]
        spots = self.map.district_spot(district)
        for who, where in (
            (record, spots),
            (np.arange(len(self.truth)), np.full(len(self.truth), self.map.city)),
        ):
            found = found.where(found.total > 0, self.index.ask(who, where, of=self.truth))
        return found

    @cached_property
    def together(self) -> Ints:
        """One trial for all records of one finest cell and week: they have one answer."""
        cell = np.full(len(self.truth), NONE, np.int64)
        cell[self.known.leaves.point[::-1]] = self.known.leaves.shape[::-1]
        return cell * 10_000 + self.truth.occurred_s // (7 * 86_400)

    @property
    def both(self) -> Seen:
        return self.dots + self.group


def scanner(witness: Witness) -> Flags:
    """Who has a log of calls (door and second): whether one row is left, and it is the right one."""
    truth = witness.truth
    seen = witness.dots.where(truth.tier == LOW, witness.both)
    tied: Flags = (seen.total == 1) & (seen.only == truth.row) & (truth.row >= 0)
    return tied


def scanner_who_knows_the_kind(witness: Witness) -> Flags:
    """The same, and he heard what it was: whether one row of that kind is left. The row tells him nothing new."""
    truth = witness.truth
    seen = witness.dots.where(truth.tier == LOW, witness.both)
    tied: Flags = (seen.own == 1) & (truth.row >= 0)
    return tied


def few_left(witness: Witness, tied: Flags, counted: Ints) -> Flags:
    """Tied to a row whose spot has fewer than eight addresses. counted: addresses of each place."""
    row = np.flatnonzero(tied)
    spot = witness.rows.spot[witness.truth.row[row]]
    at_place = (spot >= 0) & (spot < witness.map.n_places)
    row, place = row[at_place], spot[at_place]
    says = witness.map.place_says[place]
    few = np.zeros(len(tied), bool)
    few[row] = (says > 0) & (np.minimum(says, counted[place]) < FEW)
    return few


def neighbour(witness: Witness) -> Flags:
    """Who saw the police at a door and knows the hour: whether the rows tell him what it was.

    He knows whether it was a crime against a person; nine rows in ten of one category are an answer.
    """
    tier = witness.truth.tier
    group = witness.group.where(tier == PERSON, witness.both)
    return witness.dots.where(tier == LOW, group).is_sure


def silence(witness: Witness) -> dict[str, Flags]:
    """What is not published cannot be hidden by rows: was it sensitive, where no dot fits, where no row does?"""
    is_sensitive = witness.truth.tier == SENSITIVE
    no_dot = witness.dots.total == 0
    no_row = no_dot & (witness.group.total == 0)
    return {"no-dot": is_sensitive[no_dot], "no-row": is_sensitive[no_row]}
