"""What becomes public of what residents write: decided once, by the week, and only in company.

A message stands in its district where enough others of the same week stand there with it, else in the
city. What is about how staff acted is told as a number: by the quarter, for the city, in groups.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from portal.models import PublishedFeedback, PublishedPhoto
from portal.publication import voice_sources
from portal.publication.builders import Builder, Changes, retire
from portal.publication.decisions import Gate, utc
from portal.publication.disclosure import (
    Grain,
    Tier,
    code_interval,
    public_ids,
    time_code,
)
from portal.publication.models import Assignment
from portal.publication.sources import Table
from portal.publication.voice_sources import VOICES, Voice

CITY = ""
# What every message behind the wall is told as, whatever the boxes said.
WALLED_KIND, WALLED_TOPIC = "complaint", "conduct"


@dataclass(frozen=True)
class _Dates(Table):
    occurred_s: NDArray[np.int64]
    known_s: NDArray[np.int64]


@dataclass(frozen=True)
class Told:
    """One message as it becomes public. period: an ISO week, or the quarter of a complaint about staff."""

    voice: Voice
    period: str
    district: str  # '' for the city


def build_voices(gate: Gate) -> Builder:
    """New messages that are due; what was taken back goes at once, for its words were its writer's own."""

    def build(number: int) -> Changes:
        fates = dict.fromkeys(voice_sources.taken_back(), Assignment.Fate.REMOVED)
        retired = retire(VOICES, PublishedFeedback, fates, number=number)
        told = decide_voices(voice_sources.new_voices(before=gate.as_of), gate)
        added = _publish(told, gate, number=number)
        return Changes(added, retired, told=_show_photos(number=number))

    return build


def decide_voices(voices: Sequence[Voice], gate: Gate) -> list[Told]:
    """Which messages are due and have company, and how each is told."""
    records = voice_sources.public_records()
    districts = voice_sources.public_districts(least=gate.rules.place_addresses)
    ordinary = [
        _as_it_may_be_told(voice, records, districts) for voice in voices if not voice.is_walled
    ]
    walled = [voice for voice in voices if voice.is_walled]
    least, grain = gate.rules.group_records, gate.rules.person_grain
    weekly = _due(ordinary, gate, grain)
    quarterly = _due(walled, gate, walled_grain(grain))
    return [
        *in_company(weekly, _in_the_city(), least=least),
        *in_company(
            [(period, replace(v, district=CITY)) for period, v in quarterly], {}, least=least
        ),
    ]


def walled_grain(grain: Grain) -> Grain:
    """How coarsely the time of a complaint about staff is told, where other messages have ``grain``."""
    return Grain(max(grain, Grain.QUARTER))


def _as_it_may_be_told(voice: Voice, records: dict[str, str], districts: frozenset[str]) -> Voice:
    """A message about a public record has the record's district, so that the two cannot be intersected.

    Without its record it has no words: they may tell of what was sealed. A district that is not on the
    public map is not named.
    """
    if voice.about_public_id in records:
        voice = replace(voice, district=records[voice.about_public_id])
    elif voice.about_public_id:
        voice = replace(voice, about_public_id="", text="", answer="")
    if voice_sources.unmistakable_in(
        voice.text
    ):  # rules are stricter now than when a person looked
        voice = replace(voice, text="", answer="")
    return voice if voice.district in districts else replace(voice, district=CITY)


def _due(voices: list[Voice], gate: Gate, grain: Grain) -> list[tuple[str, Voice]]:
    """Messages that the calendar lets out, as that of crimes against people does, each with its period."""
    if not voices:
        return []
    created, ready = (
        np.array([int(at.timestamp()) for at in times], np.int64)
        for times in ([v.created_at for v in voices], [v.ready_at for v in voices])
    )
    patient = replace(gate, rules=replace(gate.rules, person_grain=grain))
    due = patient.due(_Dates(created, ready), np.full(len(voices), Tier.PERSON, np.int64))
    periods = time_code(gate.local(created), grain).tolist()
    return [(periods[i], voices[i]) for i in np.flatnonzero(due).tolist()]


def in_company(
    dated: Iterable[tuple[str, Voice]], in_the_city: dict[str, int], *, least: int
) -> list[Told]:
    """In the district where ``least`` of one period stand there in this release, else in the city, else not yet.

    in_the_city: how many each period has there already. Where the city lacks company, the smallest
    district gives up its own: whoever takes the districts off would be left with one or two.
    """
    periods: dict[str, dict[str, list[Voice]]] = defaultdict(lambda: defaultdict(list))
    for period, voice in dated:
        periods[period][voice.district].append(voice)
    told: list[Told] = []
    for period, districts in sorted(periods.items()):
        large = {slug: group for slug, group in districts.items() if slug and len(group) >= least}
        city = [v for slug, group in sorted(districts.items()) if slug not in large for v in group]
        if city and in_the_city.get(period, 0) + len(city) < least and large:
            city += large.pop(min(large, key=lambda slug: (len(large[slug]), slug)))
        if in_the_city.get(period, 0) + len(city) >= least:
            told += [Told(voice, period, CITY) for voice in city]
        told += [Told(v, period, slug) for slug, group in sorted(large.items()) for v in group]
    return told


def _in_the_city() -> dict[str, int]:
    """How many public messages each period has that are told for the city alone."""
    rows = PublishedFeedback.objects.using("publisher").filter(
        district_slug=CITY, retired_release__isnull=True
    )
    return Counter(dict(rows.values_list("period").annotate(n=Count("pk")).order_by()))


def _publish(told: list[Told], gate: Gate, *, number: int) -> int:
    """Rows under fresh random ids, written in their order, and the escrow that says which is which."""
    ids = sorted(public_ids(len(told), random_bytes=secrets.token_bytes))
    shuffled = secrets.SystemRandom().sample(told, len(told))  # the order of rows tells nothing
    pairs = list(zip(ids, shuffled, strict=True))
    rows = [_row(public_id, one, gate, number) for public_id, one in pairs]
    PublishedFeedback.objects.using("publisher").bulk_create(rows, batch_size=2_000)
    Assignment.objects.using("publisher").bulk_create(
        [
            Assignment(
                dataset_slug=VOICES,
                record_id=one.voice.record_id,
                public_id=public_id,
                period=one.period,
                follows=one.voice.about_public_id,
                first_release=number,
            )
            for public_id, one in pairs
        ],
        batch_size=2_000,
    )
    return len(rows)


def _show_photos(*, number: int) -> int:
    """Show the photos that a person let through, beside rows that are public; take back the others. How many."""
    shown = PublishedPhoto.objects.using("publisher")
    hidden = shown.filter(public_id__in=voice_sources.stale_photos(), retired_release=None)
    n_hidden = hidden.update(retired_release=number)
    fresh = voice_sources.new_photos()
    ids = public_ids(len(fresh), random_bytes=secrets.token_bytes)
    shown.bulk_create(
        PublishedPhoto(
            public_id=public_id,
            feedback_public_id=about,
            jpeg=jpeg,
            width_px=width,
            height_px=height,
            first_release=number,
        )
        for public_id, (about, jpeg, width, height) in zip(ids, fresh, strict=True)
    )
    return n_hidden + len(fresh)


def _row(public_id: str, one: Told, gate: Gate, number: int) -> PublishedFeedback:
    voice = one.voice
    start, end = code_interval(one.period)
    return PublishedFeedback(
        public_id=public_id,
        period=one.period,
        starts_at=utc(start, gate.zone),
        ends_at=utc(end, gate.zone),
        district_slug=one.district,
        kind=WALLED_KIND if voice.is_walled else voice.kind,
        topic=WALLED_TOPIC if voice.is_walled else voice.topic,
        text=voice.text,
        answer=voice.answer,
        answer_days=voice.answer_days,
        about_public_id=voice.about_public_id,
        first_release=number,
    )
