"""Released files as they are built: once per release, by the worker; a month whose rows are the same is kept."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.models import F, Q

from portal.city import City, the_city
from portal.feeds.assembly import (
    GZIP_HEADER,
    Assembly,
    DamagedError,
    Piece,
    deflated,
    digests,
    gzip_trailer,
)
from portal.feeds.chain import overrides_behind
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import (
    BUILD,
    MANIFEST,
    Record,
    building_of,
    damage,
    files_of,
    folder_of,
    remove_files,
    replaced_of,
    stem_of,
)
from portal.feeds.geoparquet import join_parquet
from portal.feeds.parts import Source, Span, build_part, shapes_read, spans_of
from portal.feeds.projections import PROJECTIONS
from portal.feeds.renderers import FORMATS, About, Frame, formats_of, plain, texts_of
from portal.models import Release

logger = logging.getLogger(__name__)

# Of how files are written. A part is kept while this, its words and its rows are the same: raise it
# with every change of a byte (a test says when).
MADE_AS = 1
MEND_LOCK = 0x0DA7_F11E  # an advisory lock


def build_files(release: Release) -> dict[str, Any]:
    """Write every format and then the manifest. A reader sees all files of a release or none."""
    city, folder = the_city(), folder_of(release)
    source = source_of(release, city)
    building = building_of(release)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        parts = _build_parts(building, release, source, city)
        joined, whole = _join(building, source, parts, about_release(release, city))
        build = {"dataset": source.spec.slug, "parts": parts, "joined": joined, "whole": whole}
        manifest = describe(release, source, build, city)
        _write(building / BUILD, json.dumps(build))
        _write(building / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        _refuse_other_bytes(release, building / MANIFEST)
        _swap(building, folder, replaced_of(release))
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return manifest


def _swap(building: Path, folder: Path, old: Path) -> None:
    """The new folder in the old one's place, if there is one."""
    shutil.rmtree(old, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.rename(old)
    building.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def mend(*, everything: bool = False) -> int:
    """Build again what is missing or cut of the current releases. Returns how many were.

    everything: look at all active releases, oldest first, for they keep months of each other, and
    read each file on the disk once.
    """
    with _alone() as is_alone:
        return _mend(everything=everything) if is_alone else 0


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process mends at this moment."""
    with connections["public"].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [MEND_LOCK])
        (is_alone,) = cursor.fetchone()
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MEND_LOCK])


def _mend(*, everything: bool) -> int:
    active = Release.objects.filter(state=Release.State.ACTIVE).select_related("dataset")
    looked_at = active if everything else active.filter(dataset__current=F("pk"))
    read: set[int] | None = set() if everything else None
    n_mended = 0
    for release in looked_at.order_by("as_of", "number"):
        if not (found := damage(release, read=read)):
            continue
        logger.error("files of %s %s: %s", release.dataset.slug, release.number, found)
        try:
            build_files(release)
        except DamagedError:
            logger.exception("files of %s %s", release.dataset.slug, release.number)
            continue
        n_mended += 1
        if not active.filter(pk=release.pk).exists():  # it was withdrawn meanwhile
            remove_files(release)
    return n_mended


def source_of(release: Release, city: City) -> Source:
    """Where the rows of a release come from."""
    slug = release.dataset.slug
    projection = PROJECTIONS[slug]
    return Source(DATASETS[slug], projection, release.number, city.zone, shapes_read(projection))


def _build_parts(building: Path, release: Release, source: Source, city: City) -> dict[str, Record]:
    """A record of each month, oldest first; those that did not change are taken from an earlier release."""
    before = _build_before(release)
    slug = source.spec.slug
    parts = {}
    for span in spans_of(source.projection, release.number, city.zone):
        about = about_month(source, span, city) if span.month else about_release(release, city)
        digest = _digest(source, span, about)
        known = before.get("parts", {}).get(span.month)
        if known and known["digest"] == digest:
            kept = _keep(
                folder_of(release).parent / str(before["number"]), building, slug, span, known
            )
            if kept:
                parts[span.month] = known
                continue
        part = build_part(building, stem_of(slug, span.month), source, span, about)
        parts[span.month] = {**part, "digest": digest}
    return parts


def _build_before(release: Release) -> Record:
    """What is remembered of the newest earlier build of the dataset that is still on the disk."""
    numbers = [int(p.name) for p in folder_of(release).parent.iterdir() if p.name.isdigit()]
    for number in sorted(numbers, reverse=True):
        path = folder_of(release).parent / str(number) / BUILD
        if number < release.number and path.exists():
            return {**json.loads(path.read_text()), "number": number}
    return {}


def _digest(source: Source, span: Span, about: About) -> str:
    """Equal where the bytes of a part would be."""
    import pyarrow

    columns = [(field.name, field.type) for field in source.spec.fields]
    made_of = [
        MADE_AS, pyarrow.__version__, columns, about, source.shapes.digest,
        span.month, span.n_rows, span.rows_digest,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def _keep(before: Path, building: Path, slug: str, span: Span, part: Record) -> bool:
    """Link a month's files into the new release; False where one of them is no longer what it was."""
    files = [(name, record["bytes"]) for name, record in files_of(stem_of(slug, span.month), part)]
    for name, size in files:
        old = before / name
        if not old.exists() or old.stat().st_size != size:
            return False
    try:
        for name, _ in files:
            _link(before / name, building / name)
    except FileNotFoundError:  # the old release was withdrawn or mended just now
        for name, _ in files:  # a linked file must not be written over: others have it
            (building / name).unlink(missing_ok=True)
        return False
    return True


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(old, new)


def _join(
    building: Path, source: Source, parts: dict[str, Record], about: About
) -> tuple[dict[str, Record], dict[str, Record]]:
    """What is written for the whole (Parquet) and what is put together: records by name and by name's end."""
    spec = source.spec
    if not source.projection.is_monthly:
        return {}, {}
    name = f"{spec.slug}.parquet"
    paths = [building / f"{stem_of(spec.slug, month)}.parquet" for month in parts]
    joined = {name: join_parquet(building / name, spec, paths, about)}
    whole = {
        "parquet": {**joined[name], "pieces": [Piece(joined[name]["bytes"], file=name).to_json()]}
    }
    for suffix, frame in texts_of(spec).items():
        of_suffix = [
            (f"{stem_of(spec.slug, month)}.{suffix}", part["files"][suffix])
            for month, part in parts.items()
            if part["rows"]
        ]
        plain_text, packed = _whole_text(building, frame(spec, about), of_suffix)
        whole[suffix], whole[f"{suffix}.gz"] = plain_text, packed
    return joined, whole


def _whole_text(
    building: Path, frame: Frame, parts: list[tuple[str, Record]]
) -> tuple[Record, Record]:
    """A text of all parts and the same compressed, as pieces with length and hash."""
    pieces, packed = [Piece.of(frame.opening)], [Piece.of(GZIP_HEADER + deflated(frame.opening))]
    between, packed_between = frame.between, deflated(frame.between)
    for n, (name, record) in enumerate(parts):
        if n and between:
            pieces.append(Piece.of(between))
            packed.append(Piece.of(packed_between))
        start, size = record["rows_at"]
        pieces.append(Piece(size, file=name, start=start))
        start, size = record["gzip"]["rows_at"]
        packed.append(Piece(size, file=f"{name}.gz", start=start))
    pieces.append(Piece.of(frame.closing))
    text, crc32 = _hashed(building, pieces)
    ending = deflated(frame.closing, is_last=True) + gzip_trailer(crc32, text["bytes"])
    return text, _hashed(building, [*packed, Piece.of(ending)])[0]


def _hashed(building: Path, pieces: list[Piece]) -> tuple[Record, int]:
    assembly = Assembly(building, tuple(piece for piece in pieces if piece.size))
    sha256, crc32 = digests(assembly)
    found = [piece.to_json() for piece in assembly.pieces]
    return {"bytes": assembly.size, "sha256": sha256, "pieces": found}, crc32


def about_release(release: Release, city: City) -> About:
    """What a whole file says of itself."""
    spec = DATASETS[release.dataset.slug]
    about = {"dataset": spec.slug, "title": str(spec.title), "release": release.number}
    return {**about, "as_of": plain(release.as_of), **_terms(city)}


def about_month(source: Source, span: Span, city: City) -> About:
    """What the file of a month says of itself: no release, for many hold the same."""
    about = {"dataset": source.spec.slug, "title": str(source.spec.title), "month": span.month}
    return {**about, **_terms(city)}


def _terms(city: City) -> About:
    return {
        "licence": city.licence,
        "licence_url": city.licence_url,
        "publisher": city.department_name,
    }


def describe(release: Release, source: Source, build: Record, city: City) -> dict[str, Any]:
    """The manifest: what the release is, and rows, bytes and SHA-256 of each file."""
    spec, parts = source.spec, build["parts"]
    whole = build["whole"] or parts[""]["files"]
    before = _before(release)
    return {
        **about_release(release, city),
        "schema_version": release.schema_version,
        "columns": [{"name": field.name, "type": field.type} for field in spec.fields],
        "rows": sum(part["rows"] for part in parts.values()),
        "overrides": overrides_behind(spec.slug, release.number),
        "previous": before
        and {"release": before.number, "manifest_sha256": before.manifest_sha256},
        "files": {s: _described(spec.slug, s, whole[s]) for s in formats_of(spec)},
        "parts": [
            {
                "month": month,
                "rows": part["rows"],
                "files": {
                    s: _described(stem_of(spec.slug, month), s, part["files"][s])
                    for s in formats_of(spec)
                },
            }
            for month, part in parts.items()
            if month
        ],
    }


def _described(stem: str, suffix: str, record: Record) -> dict[str, Any]:
    return {
        "name": f"{stem}.{suffix}",
        "media_type": FORMATS[suffix].media_type,
        "bytes": record["bytes"],
        "sha256": record["sha256"],
    }


def _before(release: Release) -> Release | None:
    """The release that was current when this one went out, whatever became of it since."""
    known = Release.objects.filter(
        dataset=release.dataset_id, number__lt=release.number, activated_at__isnull=False
    )
    stood = Q(withdrawn_at__isnull=True)
    if release.activated_at:
        stood |= Q(withdrawn_at__gt=release.activated_at)
    return known.filter(stood).order_by(F("number").desc()).first()


def _refuse_other_bytes(release: Release, manifest: Path) -> None:
    """What was signed is served or nothing is: a file built again must be the file that was."""
    found = hashlib.sha256(manifest.read_bytes()).hexdigest()
    if release.manifest_sha256 and found != release.manifest_sha256:
        raise DamagedError(
            f"{release}: its files cannot be built again with the same bytes; restore them from a backup"
        )


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
