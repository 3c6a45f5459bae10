"""What must be true of public messages before a release of them goes out: read again, from both sides of the gate."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from django.db import connections
from django.db.models import QuerySet

from portal.models import PublishedFeedback, Release
from portal.publication import voice_sources
from portal.publication.decisions import utc
from portal.publication.disclosure import Grain, Rules, code_interval, time_code
from portal.publication.ledger_checks import Verdict
from portal.publication.models import Assignment
from portal.publication.voice_sources import VOICES
from portal.publication.voices import CITY, WALLED_KIND, WALLED_TOPIC, walled_grain
from portal.publication.writing import table_of

COLUMNS = {
    "id",
    "public_id",
    "period",
    "starts_at",
    "ends_at",
    "district_slug",
    "kind",
    "topic",
    "text",
    "answer",
    "answer_days",
    "about_public_id",
    "first_release",
    "retired_release",
}


def columns_are_known(release: Release) -> Verdict:
    """A new column of the table must be named here on purpose."""
    schema, table = table_of(PublishedFeedback)
    with connections["publisher"].cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
            [schema, table],
        )
        stray = {name for (name,) in cursor.fetchall()} ^ COLUMNS
    return (
        "no column but the public ones",
        not stray,
        f"differing: {', '.join(sorted(stray)) or 'none'}",
    )


def words_were_let_through(release: Release) -> Verdict:
    """Every public word is what a person let through, with the writer's consent, as it stands today."""
    behind = {voice.record_id: voice for voice in voice_sources.added_voices(release.number)}
    wrong = unread = 0
    for row, record in _added_with_records(release):
        voice = behind.get(record)
        allowed = (voice.text, voice.answer) if voice and not voice.is_walled else ("", "")
        wrong += bool(row.text or row.answer) and (row.text, row.answer) != allowed
        unread += bool(voice_sources.unmistakable_in(row.text))
    return (
        "every public word was let through by a person, with consent, and tells no number, address or mail of anybody",
        wrong == unread == 0,
        f"{wrong} rows with other words, {unread} that tell something",
    )


def the_wall_holds(release: Release) -> Verdict:
    """What is about how staff acted is a number: no words, no district, no days, no week."""
    behind = {voice.record_id: voice for voice in voice_sources.added_voices(release.number)}
    wrong = 0
    for row, record in _added_with_records(release):
        if record in behind and behind[record].is_walled:
            told = (row.kind, row.topic, row.district_slug, row.text, row.answer)
            wrong += told != (WALLED_KIND, WALLED_TOPIC, CITY, "", "")
            wrong += row.answer_days is not None or bool(row.about_public_id)
    return "complaints about staff are numbers and nothing else", wrong == 0, f"{wrong} are not"


def messages_have_company(release: Release, rules: Rules) -> Verdict:
    """Each period and district that gains rows gains enough of them; the city's may stand with earlier ones."""
    added = Counter(_added(release).values_list("period", "district_slug"))
    standing = Counter(
        PublishedFeedback.objects.using("publisher")
        .filter(district_slug=CITY, retired_release__isnull=True)
        .values_list("period", "district_slug")
    )
    small = sum(
        max(n, standing[key] if key[1] == CITY else 0) < rules.group_records
        for key, n in added.items()
    )
    return (
        f"messages come in groups of {rules.group_records} by week and district",
        small == 0,
        f"{len(added)} groups, {small} too small",
    )


def periods_are_whole_and_over(release: Release, rules: Rules, zone: ZoneInfo) -> Verdict:
    """Every row has a whole week, or quarter, that ended long enough ago."""
    wrong = 0
    rows = _added(release).values_list("period", "starts_at", "ends_at", "topic", "kind").distinct()
    for period, starts_at, ends_at, topic, kind in rows:
        try:
            start, end = code_interval(period)
        except ValueError:
            wrong += 1
            continue
        grains = {rules.person_grain}
        if (kind, topic) == (WALLED_KIND, WALLED_TOPIC):
            grains = {walled_grain(Grain(rules.person_grain))}
        wrong += period not in {time_code(start, Grain(grain)).item() for grain in grains}
        wrong += (starts_at, ends_at) != (utc(start, zone), utc(end, zone))
        wrong += (release.as_of - ends_at).total_seconds() < rules.person_delay_d * 86_400 - 3_600
    return (
        f"every period is whole and ended {rules.person_delay_d} days before",
        wrong == 0,
        f"{wrong} are not",
    )


def nothing_taken_back_is_public(release: Release) -> Verdict:
    """What its writer, or staff, took back is retired, for good and on record."""
    left = len(voice_sources.taken_back())
    rows = PublishedFeedback.objects.using("publisher").filter(retired_release=release.number)
    on_record = Assignment.objects.using("publisher").filter(
        dataset_slug=VOICES, retired_release=release.number
    )
    n_retired = rows.count()
    return (
        "what was taken back is not public, and every retired row is on record",
        left == 0 and n_retired == on_record.count() == release.n_retired,
        f"{left} left, {n_retired} retired, {on_record.count()} on record",
    )


def photos_were_let_through(release: Release) -> Verdict:
    """Every photo that is shown is, byte for byte, one that a person let through, beside public words."""
    stale = len(voice_sources.stale_photos())
    return "every photo was let through by a person who saw it", stale == 0, f"{stale} were not"


def messages_stand_with_their_records(release: Release) -> Verdict:
    """A message about a public record says the district that the record says, and no other record is named."""
    records = voice_sources.public_records()
    wrong = 0
    for about, district in (
        _added(release).exclude(about_public_id="").values_list("about_public_id", "district_slug")
    ):
        wrong += about not in records or district not in (CITY, records[about])
    return "a message about a record stands where the record stands", wrong == 0, f"{wrong} do not"


def _added(release: Release) -> QuerySet[PublishedFeedback]:
    rows = PublishedFeedback.objects.using("publisher")
    return rows.filter(first_release=release.number)


def _added_with_records(release: Release) -> list[tuple[PublishedFeedback, int]]:
    escrow = Assignment.objects.using("publisher").filter(
        dataset_slug=VOICES, first_release=release.number
    )
    records = dict(escrow.values_list("public_id", "record_id"))
    return [(row, records.get(row.public_id, -1)) for row in _added(release)]
