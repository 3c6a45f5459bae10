"""What each dataset gains and loses in one release, written inactive under the release's number."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from portal.models import (
    PublishedArea,
    PublishedCalibration,
    PublishedCall,
    PublishedCell,
    PublishedCharge,
    PublishedCount,
    PublishedFeedback,
    PublishedFigure,
    PublishedGunfire,
    PublishedIncident,
    PublishedPlace,
    PublishedRow,
    PublishedStreet,
    Release,
)
from portal.publication import call_sources, geography, sources
from portal.publication.alert_sources import made_with
from portal.publication.budget import public_charges
from portal.publication.calibration import as_told, calibration_rows
from portal.publication.call_corrections import call_removals, companions
from portal.publication.calls import decide_calls
from portal.publication.corrections import removals
from portal.publication.decisions import (
    Decisions,
    Gate,
    confidence_pct,
    decide_gunfire,
    decide_incidents,
    rounds_band,
)
from portal.publication.disclosure import Rules, public_ids
from portal.publication.ledger import figures_of, last_year, ledger_figures, row_of
from portal.publication.models import Assignment
from portal.publication.outcomes import tell_outcomes
from portal.publication.totals import due_totals
from portal.publication.writing import (
    ESCROW_COLUMNS,
    ROW_COLUMNS,
    copy_rows,
    escrow_columns,
    public_columns,
)
from sensors.geodesy import LocalPlane


@dataclass(frozen=True)
class Changes:
    """How many rows a release adds and retires."""

    added: int
    retired: int = 0
    told: int = 0  # outcomes of rows that are there already
    made_with: dict[str, list[str]] = field(default_factory=dict)  # versions of what made the rows

    def __bool__(self) -> bool:
        return bool(self.added or self.retired or self.told)


Builder = Callable[[int], Changes]
M = TypeVar("M", PublishedArea, PublishedStreet, PublishedPlace, PublishedCell, PublishedCount)


def build_geography(plane: LocalPlane, rules: Rules) -> dict[str, Builder]:
    """The three datasets of the public map; all are computed once, from the same addresses."""
    made = geography.build(
        sources.addresses(),
        sources.areas(),
        plane=plane,
        k=rules.place_addresses,
        minimum_points=rules.place_points,
        cell_minimum=rules.cell_addresses,
    )

    def areas(number: int) -> Changes:
        _insert(PublishedStreet, made.streets, number)
        _insert(PublishedArea, made.areas, number)
        # Street lines are drawn on maps and are no rows of the dataset.
        return Changes(added=sum(area.kind != "street" for area in made.areas))

    return {
        "areas": areas,
        "places": lambda number: _insert(PublishedPlace, made.places, number),
        "cells": lambda number: _insert(PublishedCell, made.cells, number),
    }


def _insert(model: type[M], rows: list[M], number: int) -> Changes:
    """Rows that are public from a release on; a rejected one takes them back by its number."""
    for row in rows:
        row.first_release = number
    model._default_manager.using("publisher").bulk_create(rows, batch_size=2_000)
    return Changes(added=len(rows))


def build_incidents(gate: Gate, *, remove: bool) -> Builder:
    """New incidents that are due. remove: also the removals with their cover."""

    def build(number: int) -> Changes:
        retired = 0
        if remove:
            fates = removals(gate)
            retired = retire(sources.INCIDENTS, PublishedIncident, fates, number=number)
        records, decisions = decide_incidents(sources.new_incidents(before=gate.as_of), gate)
        added = _publish(
            PublishedIncident,
            sources.INCIDENTS,
            decisions,
            {"category": records.category.tolist()},
            number=number,
        )
        return Changes(added, retired)

    return build


def build_gunfire(gate: Gate, *, remove: bool, correct: bool) -> Builder:
    """New alerts that are due, and outcomes.

    remove: those are retired that the detector no longer finds; correct: outcomes told before may change.
    """

    def build(number: int) -> Changes:
        retired = 0
        if remove:
            fates = dict.fromkeys(sources.gone_gunfire().tolist(), Assignment.Fate.REMOVED)
            retired = retire(sources.GUNFIRE, PublishedGunfire, fates, number=number)
        events = sources.new_gunfire(before=gate.as_of)
        due, decisions = decide_gunfire(events, gate)
        own = {
            "kind": due.kind.tolist(),
            "rounds": rounds_band(due.n_shots, due.is_multiple).tolist(),
            "confidence_pct": confidence_pct(due.probability),
            "provider": due.provider.tolist(),
        }
        added = _publish(PublishedGunfire, sources.GUNFIRE, decisions, own, number=number)
        return Changes(added, retired, tell_outcomes(gate, number=number, correct=correct))

    return build


def build_calls(gate: Gate, *, remove: bool) -> Builder:
    """New calls that are due. What a call follows takes it along; remove: others go too, with their cover."""

    def build(number: int) -> Changes:
        fates = companions()
        if remove:
            fates |= call_removals(gate, fates)
        retired = retire(sources.CALLS, PublishedCall, fates, number=number)
        calls, decisions = decide_calls(call_sources.new_calls(before=gate.as_of), gate)
        own = {"category": calls.category.tolist()}
        return Changes(
            _publish(PublishedCall, sources.CALLS, decisions, own, number=number), retired
        )

    return build


def build_ledger(gate: Gate, gunfire: Release | None, *, correct: bool) -> Builder:
    """The figures of the gunfire ledger that are new or different. gunfire: the release they are made from."""

    def build(number: int) -> Changes:
        if gunfire is None:
            return Changes(0)
        rows = _standing(PublishedFigure)
        known = dict(zip(rows, figures_of(rows), strict=True))
        figures = set(ledger_figures(gate, gunfire, set(known.values()), correct=correct))
        gone = [row.pk for row, figure in known.items() if figure not in figures]
        fresh = [row_of(figure, number) for figure in figures - set(known.values())]
        changes = _replace(PublishedFigure, gone, sorted(fresh, key=str), number)
        span = last_year(gate, gunfire)
        return replace(changes, made_with=made_with(*span) if span else {})

    return build


def build_calibration(gate: Gate, gunfire: Release | None) -> Builder:
    """The calibration curve, anew where it changed."""

    def build(number: int) -> Changes:
        if gunfire is None:
            return Changes(0)
        known, rows = _standing(PublishedCalibration), calibration_rows(gate, gunfire, number)
        if [as_told(row) for row in rows] == [as_told(row) for row in known]:
            return Changes(0)
        return _replace(PublishedCalibration, [row.pk for row in known], rows, number)

    return build


F = TypeVar("F", PublishedFigure, PublishedCalibration, PublishedCharge)


def _standing(model: type[F]) -> list[F]:
    """Rows that no release has retired, in the order of their making."""
    rows = model._default_manager.using("publisher").filter(retired_release__isnull=True)
    return list(rows.order_by("pk"))


def _replace(model: type[F], gone: list[int], rows: list[F], number: int) -> Changes:
    standing = model._default_manager.using("publisher")
    standing.filter(pk__in=gone).update(retired_release=number)
    standing.bulk_create(rows, batch_size=2_000)
    return Changes(len(rows), len(gone))


def build_totals(gate: Gate) -> Builder:
    """Counts of sensitive incidents for every period that has become due."""
    return lambda number: _insert(PublishedCount, due_totals(gate), number)


def build_budget(gate: Gate) -> Builder:
    """The public budget, a row for each charge; anew where an incident of its period has spent more since."""

    def build(number: int) -> Changes:
        known = {_as_charged(row): row.pk for row in _standing(PublishedCharge)}
        charges = {_as_charged(row): row for row in public_charges(gate.rules)}
        fresh = [row for key, row in charges.items() if key not in known]
        for row in fresh:
            row.first_release = number
        gone = [pk for key, pk in known.items() if key not in charges]
        return _replace(PublishedCharge, gone, fresh, number)

    return build


def _as_charged(row: PublishedCharge) -> tuple[object, ...]:
    return (row.statistic, row.period, row.epsilon, row.share, row.spent, row.lifetime)


def _publish(
    model: type[PublishedRow],
    dataset: str,
    decisions: Decisions,
    own: dict[str, list],
    *,
    number: int,
) -> int:
    """Rows under fresh random ids, and the escrow that says which is which. Written in id order."""
    ids = public_ids(len(decisions), random_bytes=secrets.token_bytes)
    order = np.argsort(np.array(ids, object))  # the order of rows on disk tells nothing either
    shuffled = decisions.where(order)
    sorted_ids = [ids[i] for i in order]
    extra = zip(*([values[i] for i in order] for values in own.values()), strict=True)
    public = public_columns(shuffled, sorted_ids, number)
    copy_rows(
        model,
        (*ROW_COLUMNS, *own),
        ((*row, *more) for row, more in zip(public, extra, strict=True)),
    )
    return copy_rows(
        Assignment, ESCROW_COLUMNS, escrow_columns(dataset, shuffled, sorted_ids, number)
    )


def retire(
    dataset: str,
    model: type[PublishedRow] | type[PublishedFeedback],
    fates: dict[int, Assignment.Fate],
    *,
    number: int,
) -> int:
    """Take the rows of some private records out of the public ones, for good."""
    public: list[str] = []
    for fate in set(fates.values()):
        records = [record for record, theirs in fates.items() if theirs == fate]
        escrow = Assignment.objects.using("publisher").filter(
            dataset_slug=dataset, record_id__in=records, fate=Assignment.Fate.PUBLISHED
        )
        public += escrow.values_list("public_id", flat=True)
        escrow.update(fate=fate, retired_release=number)
    # All at once: where a table says in which order its rows were changed, the sealed came first.
    rows = model._default_manager.using("publisher").filter(public_id__in=public)
    rows.update(retired_release=number)
    return len(fates)


def is_correction_day(previous: Release | None, as_of: dt.datetime, gate: Gate) -> bool:
    """Whether a quarter began since the last release: removals wait for that day, so that they come in company.

    previous: the newest active release; where there is none, the newest that was withdrawn.
    """
    if previous is None:
        return False
    local = [at.astimezone(gate.zone) for at in (previous.as_of, as_of)]
    quarters = [(at.year, (at.month - 1) // 3) for at in local]
    return quarters[0] < quarters[1]
