"""The attacks on a dataset whose rows have a place and a time: incidents, gunfire, calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from portal.publication.audit import decided
from portal.publication.audit.asking import box_difference, repeated_query, time_difference
from portal.publication.audit.attacks import (
    differences,
    groups,
    linkage,
    ordering,
    places,
    usefulness,
)
from portal.publication.audit.attacks import world as world_of
from portal.publication.audit.attacks.limits import (
    NEW,
    TOLD,
    UNLIKELY,
    Finding,
    Limit,
    advantage,
    correlation,
    exact,
    excused,
    share,
)
from portal.publication.audit.attacks.sprees import (
    HOW,
    WHOLE,
    Left,
    by_size,
    has_company,
    left_near,
)
from portal.publication.audit.attacks.world import Flags, Floats, Ints
from portal.publication.audit.crossing import cross_feed
from portal.publication.audit.editions import moved_rows
from portal.publication.audit.reading import World
from portal.publication.disclosure import Tier

Attack = Callable[[World], Iterator[Finding]]
FLOOR, MEDIAN = 20, 30  # what places stand for where no signed override says otherwise
SAMPLE = 5_000  # ids that are held against the hashes of their numbers


def _both(
    attack: str,
    subject: str,
    hits: Flags | Floats,
    is_new: Flags,
    together: Ints | None = None,
) -> Iterator[Finding]:
    """Of all, and of what the release adds."""
    yield share(attack, subject, hits, together=together)
    mine = together[is_new] if together is not None else None
    yield share(attack, f"{subject}-{NEW}".lstrip("-"), hits[is_new], together=mine)


def place_size(world: World) -> Iterator[Finding]:
    """Addresses of each row's place and cell, counted one by one. Open land stands for none."""
    rules, addresses, of_place = world.standard.rules, world.addresses, world.counted
    used = of_place[places.places_in_use(world.rows, world.map)]
    distinct = of_place[np.unique(places.places_in_use(world.rows, world.map))]
    floor = Limit(rules.place_addresses, "at_least")
    yield exact("place-size", "least", min(used, default=None), n=len(used), limit=floor)
    # Where blocks or street ranges stand in for addresses, a place is some blocks, and a median of
    # their counts says nothing about doors; where an override lowers the floor, neither.
    is_meant = addresses.are_points and rules.place_addresses >= FLOOR
    middle = float(np.median(distinct)) if len(distinct) else None
    yield exact(
        "place-size",
        "median",
        middle,
        n=len(distinct),
        limit=Limit(MEDIAN, "at_least") if is_meant and len(distinct) >= FLOOR else TOLD,
    )
    by_record = float(np.median(used)) if len(used) else None
    yield exact("place-size", "median-by-record", by_record, n=len(used))
    cell = world.rows.spot - world.map.n_places
    cell = cell[(cell >= 0) & (cell < world.map.n_cells)]
    least = min(_stands_for(world, np.unique(cell)), default=None)
    yield exact(
        "place-size", "cell-least", least, n=len(cell), limit=Limit(rules.cell_addresses, "at_least")
    )  # fmt: skip


def _stands_for(world: World, cells: Ints) -> Ints:
    """What cells hold, or what they say where that is less."""
    of_cell = places.counted(world.addresses, world.map.cell_shape[cells])
    return np.minimum(of_cell, world.map.cell_says[cells])


def guesses(world: World) -> Iterator[Finding]:
    """The dot taken for the point; the nearest address; the largest building."""
    rows, truth, on = world.rows, world.truth, world.map
    hits, mine = places.exact_point(rows, truth, on)
    yield from _both("exact-point", "", hits, world.is_new[mine])
    right, mine = places.nearest_address(rows, truth, on, world.doors)
    door = truth.door[rows.record[mine]]
    likely = right.astype(np.float64)
    if not world.addresses.are_points:
        # A block is no address: who guesses it right still guesses among those that it stands for.
        likely /= np.maximum(world.flats[door], 1)
    yield from _both("nearest-address", "", likely, world.is_new[mine], door)
    hits, mine = places.largest_building(rows, truth, on, world.doors, world.flats)
    yield share("largest-building", "", hits)


def witnesses(world: World) -> Iterator[Finding]:
    """A scanner's log (door and second), and the neighbour who knows the door and the hour."""
    witness, truth = world.witness, world.truth
    in_public = truth.occurred_s < int(world.rows.end_s.max(initial=0))
    is_person, is_sensitive = (
        (truth.tier == tier) & in_public for tier in (world_of.PERSON, world_of.SENSITIVE)
    )
    new_person = is_person & truth.is_new
    tied, learns = linkage.scanner(witness), linkage.neighbour(witness)
    knows_kind = linkage.scanner_who_knows_the_kind(witness)
    yield share("scanner", "person", tied[is_person])
    yield share("scanner", f"person-{NEW}", tied[new_person])
    yield share("scanner", "sensitive", tied[is_sensitive])
    yield share("scanner", "person-kind-known", knows_kind[is_person])
    yield from _low_harm(world, tied, learns)
    for subject, chosen in (("person", is_person), (f"person-{NEW}", new_person)):
        yield share("neighbour", subject, learns[chosen], together=witness.together[chosen])
    # Rows of others may be right by chance; only its own row tells of it.
    told = int((learns & (truth.row >= 0))[is_sensitive].sum())
    yield exact("neighbour", "sensitive", told, n=int(is_sensitive.sum()))
    yield share("neighbour", "sensitive-by-chance", learns[is_sensitive])
    for subject, was_sensitive in linkage.silence(witness).items():
        yield share("silence", subject, was_sensitive)


def witnesses_of_alerts(world: World) -> Iterator[Finding]:
    """The same, of what is of low harm whatever it was."""
    witness = world.witness
    yield from _low_harm(world, linkage.scanner(witness), linkage.neighbour(witness))


def _low_harm(world: World, tied: Flags, learns: Flags) -> Iterator[Finding]:
    truth = world.truth
    few = linkage.few_left(world.witness, tied, world.counted)
    in_public = truth.occurred_s < int(world.rows.end_s.max(initial=0))
    yield share("scanner", "few-addresses", few[in_public])
    yield share("scanner", f"few-addresses-{NEW}", few[truth.is_new])
    shown = (truth.tier == world_of.LOW) & (truth.row >= 0)
    yield share("scanner", "low-harm", tied[shown])
    yield share("neighbour", "low-harm", learns[shown])


def earlier(world: World) -> Iterator[Finding]:
    """The same row in the release before, and as it was decided once."""
    moved = moved_rows(world.release, world.standard.previous)
    yield exact("earlier-release", "moved", moved, n=int((~world.is_new).sum()))
    yield exact(
        "earlier-release", "not-as-decided", decided.not_as_decided(world), n=len(world.rows)
    )


def small_cells(world: World) -> Iterator[Finding]:
    """What the vault itself calls sensitive is no row; crimes against people come in groups, also by subtraction."""
    fresh = world.is_new & (world.rows.record >= 0)
    today = world.today[world.rows.record[fresh]]
    n_sensitive = int((today >= Tier.SENSITIVE).sum())
    yield exact("sensitive-rows", "", n_sensitive, n=int(fresh.sum()))
    rules, rows = world.standard.rules, decided.batches(world)
    least = groups.Least(rules.group_records, rules.group_categories, rules.group_addresses)
    for subject, subtracted in (("", False), ("by-subtraction", True)):
        small, n = groups.small_groups(rows, least, subtracted=subtracted)
        yield exact("small-groups", subject, small, n=n)


def appearance(world: World) -> Iterator[Finding]:
    """The release in which a row first appears."""
    gain, mine = differences.appearance(world.rows, world.truth, world.editions, world.delay_s)
    fresh = world.is_new[mine]
    for subject, gains in (("", gain), (NEW, gain[fresh])):
        n = len(gains)
        # With one more gain of either kind: one record that happened in a narrow window by luck has no error.
        error = float(np.std(np.append(gains, (1.0, -1.0))) / np.sqrt(n)) if n else 0.0
        yield advantage("appearance", subject, float(np.mean(gains)) if n else 0.0, error=error, n=n)  # fmt: skip


def sealed(world: World) -> Iterator[Finding]:
    """Rows of an old copy that are gone: how many of them had been sealed."""
    gone = decided.gone(world)
    found = exact("sealed", "", float(gone.was_sealed.mean()) if len(gone) else None, n=len(gone))
    if found.status == "failed":
        lacking = differences.lacks_cover(
            decided.beside(world), covers_per_removal=world.standard.rules.covers_per_removal
        )
        # A removal can never wait: where all that was alike went with it, it goes out and is told.
        found = found if lacking else excused(found)
    yield found
    public = np.bincount(world.rows.category, minlength=len(world.categories))
    yield share("sealed", "newest", differences.newest_picks(gone))
    yield share("sealed", "rarest", differences.rarest_picks(gone, public))


def left_together(world: World) -> Iterator[Finding]:
    """Rows that left side by side in this release, taken for secret."""
    if world.release.n_retired:
        yield _together(world, decided.beside(world))
        yield from _near(world)
    else:
        for subject in ("", *HOW):
            yield exact("left-together", subject, None, n=0)


def withheld_together(world: World) -> Iterator[Finding]:
    """The same, of outcomes that this release withholds."""
    yield _together(world, decided.withheld_beside(world))


def _together(world: World, beside: differences.Beside) -> Finding:
    covers = world.standard.rules.covers_per_removal
    found = differences.left_together(beside, covers_per_removal=covers)
    finding = exact("left-together", "", found.share, n=found.n)
    # As with what is sealed: where nothing that stands together was left to go along, it is told.
    return excused(finding) if finding.stops and not found.has_company else finding


def _near(world: World) -> Iterator[Finding]:
    left = decided.left(world)
    for how in HOW:
        # Rows of covers that stand near each other by chance are an excuse however many they are.
        each = [
            share("left-together", how, hits, together=group, chance=UNLIKELY, enough=float("inf"))
            for hits, group in by_size(*left_near(left, how))
        ]
        found = max(each, key=lambda one: (one.stops, one.measured or 0.0))
        yield excused(found) if found.stops and _lacked(world, left, found) else found


def _lacked(world: World, left: Left, found: Finding) -> bool:
    """Whether too little that is alike was left to go along; in all, ``sealed`` tells so."""
    too_few = found.limit is not None and bool(left.was_secret.mean() > found.limit)
    if too_few or found.subject not in WHOLE:
        return too_few
    return not has_company(left, decided.stays(world), found.subject)


def order(world: World) -> Iterator[Finding]:
    """Ids and the order of rows, in files and tables."""
    rows, truth = world.rows, world.truth
    by_id = np.arange(len(rows))
    fresh = np.where(world.is_new, rows.position, -1)
    # In files they stand by id too, in each month: that is checked where files are read.
    rho = ordering.order_correlation(rows, truth, [by_id])
    yield correlation("order", "rows", rho, n=len(rows))
    new_by_id = np.where(world.is_new, by_id, -1)
    rho = ordering.order_correlation(rows, truth, [new_by_id, fresh])
    yield correlation("order", f"rows-{NEW}", rho, n=int(world.is_new.sum()))
    ids, numbers = decided.numbers_of(world, SAMPLE)
    yield exact("order", "ids-from-numbers", ordering.made_from_numbers(ids, numbers), n=len(ids))


def use(world: World) -> Iterator[Finding]:
    """What is left for a reader who means well. What fails here is told and stops nothing."""
    yield share_at_least("coverage", usefulness.coverage(world.is_due, world.was_public))
    at = np.flatnonzero((world.rows.spot < world.map.n_places) & (world.rows.record >= 0))
    points = world.truth.points[world.rows.record[at]]
    dots = world.map.dots[world.rows.spot[at]]
    known = np.isfinite(points[:, 0])
    points, dots, n = points[known], dots[known], int(known.sum())
    enough = n >= usefulness.LEAST
    for attack, measure in (
        ("hotspots", usefulness.hotspot_capture),
        ("density", usefulness.density_correlation),
    ):
        yield exact(attack, "", measure(dots, points) if enough else None, n=n)


def share_at_least(attack: str, hits: Flags) -> Finding:
    return exact(attack, "", float(hits.mean()) if len(hits) else None, n=len(hits))


# An alert is of low harm whatever its record is; where it stands in its record's cell, the record's group hides it.
OF_ALL: tuple[Attack, ...] = (
    place_size, guesses, box_difference, time_difference, repeated_query, earlier, appearance, order,
)  # fmt: skip
ATTACKS: dict[str, tuple[Attack, ...]] = {
    "incidents": (*OF_ALL, witnesses, small_cells, sealed, left_together, use),
    "gunfire": (*OF_ALL, witnesses_of_alerts, cross_feed, withheld_together),
    "calls": (*OF_ALL, witnesses, small_cells, cross_feed, left_together),
}
