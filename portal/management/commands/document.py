"""`manage.py document`: write the documents that are made from code; with `--check`, say whether they are up to date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.feeds import contract
from portal.feeds.dictionary import DATASETS
from portal.feeds.projections import PROJECTIONS
from portal.feeds.renderers import formats_of
from portal.feeds.specs import ABSENCES, DatasetSpec, Field
from portal.publication.policies import POLICIES, WITHHELD, Coarsen, Publish, Withhold

NOTICE = "<!-- Written by `manage.py document`; change the code, not this file. -->"


def data_dictionary() -> Iterator[str]:
    yield from ("# Data dictionary", "", NOTICE, "")
    for slug, spec in DATASETS.items():
        suffixes = ", ".join(f"`/data/{slug}.{suffix}`" for suffix in formats_of(spec))
        yield from (f"## {spec.title} (`{slug}`)", "", spec.summary, "")
        yield from (
            f"- One row is {spec.one_row_is}.",
            f"- Updated {spec.updated}.",
            f"- Files: {suffixes}.",
        )
        if PROJECTIONS[slug].is_monthly:
            yield f"- Each also by month, such as `/data/{slug}-2026-10.csv` ([files](files.md))."
        yield from (f"- {caveat}" for caveat in spec.caveats)
        yield ""
        yield from table(
            ("column", "type", "meaning", "allowed", "an empty cell means"),
            (column_row(spec, f) for f in spec.fields),
        )
    yield from (
        "## Why a cell is empty",
        "",
        "The code stands beside the words in `schema.json`.",
        "",
    )
    yield from table(("code", "meaning"), ((f"`{code}`", why) for code, why in ABSENCES.items()))


def column_row(spec: DatasetSpec, field: Field) -> tuple[str, ...]:
    absent = f"{field.missing} (`{field.absence}`)" if field.missing else "never empty"
    ends = contract.ending(spec.slug, field.name)
    meaning = f"{field.description} **{contract.sentence(ends)}.**" if ends else field.description
    return f"`{field.name}`", field.type, meaning, allowed(spec, field), absent


def allowed(spec: DatasetSpec, field: Field) -> str:
    """What a cell may hold, beyond its type."""
    told = [f"`{value}`: {words}" for value, words in field.values.items()]
    if field.unique:
        told.append("no two alike")
    elif field.name in spec.key:
        told.append(f"no two rows alike in {', '.join(f'`{name}`' for name in spec.key)}")
    if field.references:
        told.append(f"one of `{field.references}`")
    limits = [f"{limit:g}" for limit in (field.minimum, field.maximum) if limit is not None]
    if limits:
        told.append(" to ".join(limits) if len(limits) == 2 else f"{limits[0]} or more")
    if field.unit:
        told.append(f"unit {field.unit}")
    if field.example:
        told.append(f"such as `{field.example}`")
    return "; ".join(told)


def released_columns() -> Iterator[str]:
    """What was ever released; written by adding, so that a column's record outlives the column."""
    now, day = contract.columns_of(DATASETS), contract.today()
    released = contract.released_columns()
    if broken := contract.violations(released, now, contract.CHANGES, day):
        raise CommandError("\n".join(broken))
    kept = contract.merged(released, now, contract.CHANGES, day)
    yield json.dumps(kept, indent=1)


def field_policy() -> Iterator[str]:
    yield from ("# What happens to every private column", "", NOTICE, "")
    yield "There is no default: a test fails when a private column is named nowhere (`portal/publication/policies.py`)."
    yield ""
    for label, fields in POLICIES.items():
        yield from (f"## `{label}`", "")
        yield from table(
            ("column", "fate", "how or why"), (row_of(name, fate) for name, fate in fields.items())
        )
    yield from ("## Withheld whole", "")
    yield from table(("model", "why"), ((f"`{label}`", why) for label, why in WITHHELD.items()))


def row_of(name: str, fate: Publish | Coarsen | Withhold) -> tuple[str, str, str]:
    if isinstance(fate, Publish):
        return f"`{name}`", "published", f"as `{fate.column}`"
    if isinstance(fate, Coarsen):
        columns = ", ".join(f"`{column}`" for column in fate.columns)
        return f"`{name}`", "coarsened", f"as {columns}: {fate.how}"
    return f"`{name}`", "withheld", fate.why


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""


DOCUMENTS = {
    "data-dictionary.md": data_dictionary,
    "field-policy.md": field_policy,
    contract.SNAPSHOT: released_columns,
}


class Command(BaseCommand):
    help = "Write the documents that are made from code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail when one is out of date"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for name, write in DOCUMENTS.items():
            path = settings.BASE_DIR / "docs" / name
            text = "\n".join(write()).rstrip() + "\n"
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
                if not options["check"]:
                    path.write_text(text, encoding="utf-8")
        if stale and options["check"]:
            raise CommandError(f"out of date: {', '.join(stale)}; run `manage.py document`")
        self.stdout.write(f"written: {', '.join(stale)}" if stale else "documents are up to date")
