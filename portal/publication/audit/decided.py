"""What was decided and published once: who went, in which groups they came, which numbers they have inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portal.publication.audit.arrays import columns
from portal.publication.audit.attacks.differences import Gone
from portal.publication.audit.attacks.groups import Batch
from portal.publication.audit.attacks.world import Ints
from portal.publication.audit.geography import query
from portal.publication.audit.reading import IN_RELEASE, TIER, World, seconds
from portal.publication.disclosure import cover_blocks


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


def blocks(world: World) -> tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]:
    """Of every row that was public before this release: its block, whether it is sealed, whether it goes."""
    found = columns(
        {
            "tier": (TIER.format(label="a.tier"), "int"),
            "category": (
                f"array_position(%(categories)s::text[], {world.source.category}::text) - 1",
                "int",
            ),
            "start_s": (seconds("r.starts_at"), "int"),
            "was_sealed": ("(a.fate = 'removed')::int", "int"),
            "goes": ("(r.retired_release IS NOT NULL)::int", "int"),
        },
        f"FROM {world.source.table} r JOIN vault.publication_assignment a USING (public_id) "
        "WHERE r.first_release < %(number)s "
        "AND (r.retired_release IS NULL OR r.retired_release >= %(number)s) ORDER BY public_id",
        world.parameters,
    )
    block = cover_blocks(found["tier"], found["category"], found["start_s"])
    return block, found["was_sealed"] == 1, found["goes"] == 1
