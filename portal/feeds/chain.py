"""The signed record of what was released and withdrawn, as readers get it. Written by portal/publication/chain.py.

A line of ``chain.ndjson`` is one entry: its number, its exact text (``body``), the hash of that, the
signature over it and the name of the key. The text holds the hash of the entry before.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from portal.city import City
from portal.models import ChainEntry
from portal.publication.chain_text import compact
from portal.publication.disclosure.overrides import Override
from portal.publication.disclosure.rules import Rules

Line = dict[str, Any]


def entries(using: str = "public") -> QuerySet[ChainEntry]:
    """All of them, first to last."""
    return ChainEntry.objects.using(using).order_by("number")


def head(using: str = "public") -> ChainEntry | None:
    """The newest entry, None before the first release."""
    return entries(using).last()


def line_of(entry: ChainEntry) -> Line:
    return {
        "number": entry.number,
        "body": entry.body,
        "sha256": entry.sha256,
        "signature": entry.signature,
        "key": entry.key_id,
    }


@lru_cache(maxsize=2)
def chain_text(sha256: str) -> bytes:
    """The whole chain up to the entry with that hash, a line for each; some 800 bytes an entry are kept."""
    last = ChainEntry.objects.get(sha256=sha256)
    rows = entries().filter(number__lte=last.number).iterator(chunk_size=5_000)
    return b"".join(compact(line_of(entry)).encode() + b"\n" for entry in rows)


def says(entry: ChainEntry) -> dict[str, Any]:
    """What an entry says, read."""
    words: dict[str, Any] = json.loads(entry.body)
    return words


def overrides_in_force(using: str = "public", *, before: int | None = None) -> dict[int, Line]:
    """What is announced and not ended, by the number of the announcement. before: as of that entry."""
    told = entries(using).filter(kind__in=("override", "override-end"))
    if before is not None:
        told = told.filter(number__lt=before)
    standing: dict[int, Line] = {}
    for entry in told:
        words = says(entry)
        if entry.kind == "override":
            standing[entry.number] = words
        else:
            del standing[words["ends"]]
    return standing


def overrides_behind(slug: str, number: int) -> list[Line]:
    """The overrides under which a release was, or is being, made."""
    own = entries().filter(kind="release", dataset_slug=slug, release_number=number).first()
    found = overrides_in_force(before=own.number if own else None)
    wanted = ("rule", "value", "default", "reason", "decided_by", "decided_on", "expires_on")
    return [{"entry": n} | {name: words[name] for name in wanted} for n, words in found.items()]


def overrides_told() -> list[Line]:
    """Every rule that was ever loosened, newest first, and whether it still is."""
    standing = overrides_in_force()
    told = entries().filter(kind="override").reverse()
    return [says(entry) | {"is_in_force": entry.number in standing} for entry in told]


def promised_rules(city: City) -> Rules:
    """The rules that a page may promise: of all that ever applied to released rows, the loosest.

    What was released under an override stays as it was released when the override has ended.
    """
    newest = head()
    loosest: dict[str, Override] = {}
    for told in _announced(newest.sha256) if newest else ():
        known = loosest.get(told.rule)
        if known is None or abs(told.value - _default(told)) > abs(known.value - _default(told)):
            loosest[told.rule] = told
    stricter = {name: value for name, value in city.gate.items() if name not in loosest}
    return Rules.from_mapping(stricter, loosest.values())


@lru_cache(maxsize=2)
def _announced(sha256: str) -> tuple[Override, ...]:
    """Every override in the chain that ends with that hash; pages ask for it, and it seldom changes."""
    return tuple(override_of(says(entry)) for entry in entries().filter(kind="override"))


def _default(override: Override) -> float:
    return float(getattr(Rules, override.rule))


def override_of(words: Line) -> Override:
    """The override that an entry announces."""
    number = float if words["rule"].startswith("epsilon_") else int
    return Override(
        rule=words["rule"],
        value=number(words["value"]),
        reason=words["reason"],
        decided_by=words["decided_by"],
        decided_on=dt.date.fromisoformat(words["decided_on"]),
        expires_on=dt.date.fromisoformat(words["expires_on"]),
    )
