"""What was decided and published once: who went, in which groups they came, which numbers they have inside."""

from __future__ import annotations

from typing import Final

import numpy as np

from portal.models import PublishedOutcome
from portal.publication.alert_sources import public_alerts
from portal.publication.audit.arrays import columns
from portal.publication.audit.attacks.differences import Beside, Gone
from portal.publication.audit.attacks.groups import Batch
from portal.publication.audit.attacks.sprees import Left
from portal.publication.audit.geography import query
from portal.publication.audit.reading import IN_RELEASE, TIER, World, seconds
from portal.publication.linking import events_among
from portal.publication.outcomes import TOLD_WORDS, may_not_be_told
from portal.publication.public_rows import FACE, ITS_SPOT
from portal.publication.sources import CALLS, Located


def numbers_of(world: World, most: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Public ids, the newest first, and the private numbers of their records: ours, the police's."""
    number = {"gunfire": "i.provider_event_id"}.get(world.release.dataset.slug, "i.source_id")
    rows = query(
        f"SELECT r.public_id, i.id::text, {number} FROM {world.source.table} r "  # noqa: S608 - our own text
        "JOIN vault.publication_assignment a USING (public_id) "
        f"JOIN {world.source.private} i ON i.id = a.record_id "
        f"WHERE {IN_RELEASE} ORDER BY r.first_release DESC, r.public_id LIMIT %(most)s",
        {"number": world.release.number, "most": most},
    )
    return [row[0] for row in rows], [(row[1], row[2] or "") for row in rows]


def not_as_decided(world: World) -> int:
    """Rows that say another place or time than was decided when they were first released."""
    ((n,),) = query(
        f"SELECT count(*) FROM {world.source.table} r "  # noqa: S608 - our own text
        "LEFT JOIN vault.publication_assignment a USING (public_id) "
        f"WHERE {IN_RELEASE} AND (r.place_code, r.cell_code, r.period) "
        "IS DISTINCT FROM (a.place_code, a.cell_code, a.period)",
        {"number": world.release.number},
    )
    return int(n)


def batches(world: World) -> Batch:
    """Every crime against a person that was ever a row, for its group."""
    source = world.source
    found = columns(
        {
            "cell": ("coalesce(c.id, -1)", "int"),
            "start_s": (seconds("r.starts_at"), "int"),
            "release": ("r.first_release", "int"),
            "category": (f"array_position(%(categories)s::text[], {source.category}::text) - 1", "int"),
            "lon": ("coalesce(i.lon, 'NaN')", "float"),
            "lat": ("coalesce(i.lat, 'NaN')", "float"),
        },
        f"FROM {source.table} r LEFT JOIN vault.publication_assignment a USING (public_id) "
        f"LEFT JOIN {source.private} i ON i.id = a.record_id "
        "LEFT JOIN release.cell c ON c.code = r.cell_code "
        "WHERE r.first_release <= %(number)s AND r.place_code = '' "
        "AND (r.cell_code <> '' OR a.tier = '1')",
        world.parameters,
    )  # fmt: skip
    return Batch(
        cell=found["cell"],
        start_s=found["start_s"],
        release=found["release"],
        category=found["category"],
        address=world.standard.doors.numbers(found["lon"], found["lat"]),
        is_judged=found["release"] == world.release.number,
    )


def gone(world: World) -> Gone:
    """Rows that were taken out with a secret or as its cover. What a withdrawn edition took along is neither."""
    found = columns(
        {
            "was_sealed": ("(a.fate = 'removed')::int", "int"),
            "category": (
                f"array_position(%(categories)s::text[], {world.source.category}::text) - 1",
                "int",
            ),
            "start_s": (seconds("r.starts_at"), "int"),
        },
        f"FROM {world.source.table} r JOIN vault.publication_assignment a USING (public_id) "
        "WHERE r.retired_release <= %(number)s AND r.retired_release > r.first_release",
        world.parameters,
    )
    return Gone(found["was_sealed"] == 1, found["category"], found["start_s"])


def beside(world: World) -> Beside:
    """Every row that was public before this release, by what is seen together: calls by their event, others by
    their place and time. Calls that go with what they follow are covered with it, and left out."""
    source = world.source
    found = columns(
        {
            "record": ("a.record_id", "int"),
            "tier": (TIER.format(label="a.tier"), "int"),
            "face": (f"dense_rank() OVER (ORDER BY {FACE})", "int"),
            "occurred_s": (f"floor({seconds(f'coalesce({source.occurred}, r.starts_at)')})", "int"),
            "lon": ("coalesce(i.lon, 'NaN')", "float"),
            "lat": ("coalesce(i.lat, 'NaN')", "float"),
            "was_secret": ("(a.fate = 'removed')::int", "int"),
            "left": ("(r.retired_release IS NOT NULL)::int", "int"),
        },
        f"FROM {source.table} r JOIN vault.publication_assignment a USING (public_id) "
        f"LEFT JOIN {source.private} i ON i.id = a.record_id "
        "WHERE r.first_release < %(number)s "
        "AND (r.retired_release IS NULL OR r.retired_release >= %(number)s) "
        f"AND a.public_id NOT IN ({_TAKEN_ALONG}) ORDER BY a.public_id",
        world.parameters,
    )
    scene = found["face"]
    if world.release.dataset.slug == CALLS:
        names = ("record", "occurred_s", "lon", "lat")
        scene = events_among(Located(*(found[name] for name in names)), world.plane)
    left = found["left"] == 1
    return Beside(scene, found["tier"], found["was_secret"] == 1, left, found["face"])


def left(world: World) -> Left:
    """The rows that this release takes away, but calls that go with what they follow."""
    return _told_of(
        world, f"r.retired_release = %(number)s AND a.public_id NOT IN ({_TAKEN_ALONG})"
    )


def stays(world: World) -> Left:
    """The rows that were public before this release, and that it leaves."""
    return _told_of(world, "r.first_release < %(number)s AND r.retired_release IS NULL")


def _told_of(world: World, where: str) -> Left:
    source = world.source
    found = columns(
        {
            "lon": ("coalesce(p.lon, q.lon, 'NaN')", "float"),
            "lat": ("coalesce(p.lat, q.lat, 'NaN')", "float"),
            "start_s": (seconds("r.starts_at"), "int"),
            "face": (f"dense_rank() OVER (ORDER BY {FACE})", "int"),
            "was_secret": ("(a.fate = 'removed')::int", "int"),
        },
        f"FROM {source.table} r JOIN vault.publication_assignment a USING (public_id) {ITS_SPOT} "
        f"WHERE {where}",
        world.parameters,
    )
    spot = np.column_stack(world.plane.to_xy(found["lon"], found["lat"]))
    return Left(spot, found["start_s"], found["face"], found["was_secret"] == 1)


# Calls whose record left, now or before, and those that follow such calls.
_TAKEN_ALONG: Final = (
    "WITH RECURSIVE taken (public_id) AS (SELECT public_id FROM vault.publication_assignment "
    "WHERE fate <> 'published' AND dataset_slug <> 'gunfire' "
    "AND (dataset_slug <> 'calls' OR retired_release < %(number)s) "
    "UNION SELECT c.public_id FROM vault.publication_assignment c JOIN taken ON c.follows = taken.public_id "
    "WHERE c.dataset_slug = 'calls') SELECT t.public_id FROM taken t "
    "JOIN vault.publication_assignment c USING (public_id) WHERE c.dataset_slug = 'calls'"
)


def withheld_beside(world: World) -> Beside:
    """Alerts whose outcome is told for the first time in this release, or withheld, by the event."""
    words = [*TOLD_WORDS, PublishedOutcome.Outcome.WITHHELD.value]
    outcomes = PublishedOutcome.objects.using("publisher")
    mine = outcomes.filter(first_release=world.release.number, outcome__in=words)
    before = outcomes.filter(
        first_release__lt=world.release.number,
        outcome__in=words,
        public_id__in=mine.values("public_id"),
    )
    ids = set(mine.values_list("public_id", flat=True)) - set(
        before.values_list("public_id", flat=True)
    )
    alerts = public_alerts(world.release.number)
    alerts = alerts.where(np.isin(alerts.public_id.astype(str), list(ids)))
    event = events_among(alerts, world.plane)
    withheld = alerts.outcome == PublishedOutcome.Outcome.WITHHELD.value
    secret = np.isin(event, event[withheld & may_not_be_told(alerts, world.plane)])
    where = (alerts.place_code, alerts.cell_code, alerts.district, alerts.period)
    face = np.unique(np.column_stack(where).astype(str), axis=0, return_inverse=True)[1]
    return Beside(event, np.zeros(len(alerts), np.int64), secret, withheld, face)
