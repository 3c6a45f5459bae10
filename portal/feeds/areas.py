"""Names of the public areas, as of their current release, for whoever names one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.feeds.editions import Editions, Memory, editions
from portal.feeds.rows import in_release
from portal.models import PublishedArea

_BYTES_OF_A_NAME = 400  # two short texts and their places in two dictionaries


@dataclass(frozen=True)
class Areas:
    """kinds, names: by slug."""

    kinds: Mapping[str, str]
    names: Mapping[str, str]

    def slugs(self, kind: str) -> list[str]:
        """Of one kind; of all where it is ''."""
        return sorted(slug for slug, known in self.kinds.items() if not kind or known == kind)


_memory: Memory[Areas] = Memory(4_000_000, lambda areas: len(areas.kinds) * _BYTES_OF_A_NAME)


def areas_now(now: Editions | None = None) -> Areas:
    """Every area but the lines of streets."""
    now = editions() if now is None else now
    if known := _memory.get("areas", now):
        return known
    edition = now.get("areas")
    number = edition.number if edition and edition.number else 0
    rows = in_release(PublishedArea.objects.exclude(kind="street"), number)
    found = list(rows.values_list("slug", "kind", "name"))
    areas = Areas({slug: kind for slug, kind, _ in found}, {slug: name for slug, _, name in found})
    _memory.put("areas", areas, now)
    return areas
