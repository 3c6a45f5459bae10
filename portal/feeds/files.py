"""Released files: built once per release by the worker, whole or not at all, and remembered with length and hash.

A folder holds a release: ``manifest.json`` for readers, ``build.json`` for us, and the files. Of a
dataset with months each month is a file that releases share (hard links) while its rows are the same;
the whole is put together from them as it is read (``assembly``), so that a day's release costs the
disk the days it changed, and every release can be kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
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
from portal.feeds.geoparquet import join_parquet
from portal.feeds.parts import Record, Source, Span, build_part, shapes_read, spans_of
from portal.feeds.projections import PROJECTIONS
from portal.feeds.renderers import FORMATS, About, Frame, formats_of, plain, texts_of
from portal.models import Release

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
BUILD = "build.json"
# Of how files are written. A part is kept while this, its words and its rows are the same: raise it
# with every change of a byte (a test says when).
MADE_AS = 1


class FilesAbsentError(Exception):
    """The files of a release are not there, or not whole; the worker will build them again."""


def folder_of(release: Release) -> Path:
    return Path(settings.FILES) / release.dataset.slug / str(release.number)


def manifest_of(release: Release) -> dict[str, Any]:
    """Rows, bytes and SHA-256 of every file of a release. Raises FilesAbsentError."""
    manifest: dict[str, Any] = json.loads(manifest_bytes(release))
    return manifest


def manifest_bytes(release: Release) -> bytes:
    """The manifest as readers get it and as the chain of releases signs it. Raises FilesAbsentError."""
    path = folder_of(release) / MANIFEST
    if settings.FILES_ON_DEMAND and not path.exists():
        build_files(release)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FilesAbsentError(f"{release.dataset.slug} {release.number}: no manifest") from None


def manifest_sha256_of(release: Release) -> str:
    """The hash that the chain of releases signs; through the manifest it covers every file."""
    return hashlib.sha256(manifest_bytes(release)).hexdigest()


def file_of(release: Release, suffix: str, *, month: str = "", packed: bool = False) -> Assembly:
    """A file of a release, or of one of its months; packed: as gzip. Raises FilesAbsentError, KeyError."""
    manifest_bytes(release)
    return file_in(folder_of(release), suffix, month=month, packed=packed)


def file_in(folder: Path, suffix: str, *, month: str = "", packed: bool = False) -> Assembly:
    """The same of a release's folder. Raises FilesAbsentError, and KeyError where there is no such file."""
    path = folder / BUILD
    try:
        build = _read_build(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise FilesAbsentError(f"{folder}: no files") from None
    return build[month, f"{suffix}.gz" if packed else suffix]


@lru_cache(maxsize=64)
def _read_build(path: Path, changed: int) -> dict[tuple[str, str], Assembly]:
    """Every file of a release by month ('' is the whole) and name's end."""
    build = json.loads(path.read_text())
    folder, slug, parts = path.parent, build["dataset"], build["parts"]
    sizes = {
        name: record["bytes"]
        for month, part in parts.items()
        for name, record in _files_of(_stem(slug, month), part)
    }
    sizes |= {name: record["bytes"] for name, record in build["joined"].items()}

    def assembly(pieces: list[Piece], record: Record, n_rows: int) -> Assembly:
        names = sorted({piece.file for piece in pieces if piece.file})
        measured = tuple((name, sizes[name]) for name in names)
        return Assembly(folder, tuple(pieces), record["sha256"], n_rows, measured)

    found = {}
    for month, part in parts.items():
        stem = _stem(slug, month)
        for name, record in _files_of(stem, part):
            piece = Piece(record["bytes"], file=name)
            found[month, name.removeprefix(f"{stem}.")] = assembly([piece], record, part["rows"])
    n_rows = sum(part["rows"] for part in parts.values())
    for end, record in build["whole"].items():
        pieces = [Piece.from_json(words) for words in record["pieces"]]
        found["", end] = assembly(pieces, record, n_rows)
    return found


def _files_of(stem: str, part: Record) -> Iterator[tuple[str, Record]]:
    """Name and record of each file of a part, the compressed ones too."""
    for suffix, record in part["files"].items():
        yield f"{stem}.{suffix}", record
        if "gzip" in record:
            yield f"{stem}.{suffix}.gz", record["gzip"]


def _stem(slug: str, month: str) -> str:
    return f"{slug}-{month}" if month else slug


def build_files(release: Release) -> dict[str, Any]:
    """Write every format and then the manifest. A reader sees all files of a release or none."""
    city, folder = the_city(), folder_of(release)
    source = _source(release, city)
    building = folder.with_name(f".{release.number}.building")
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
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return manifest


def damage(release: Release) -> str:
    """What is wrong with the files of a release, by their lengths; empty: nothing."""
    folder = folder_of(release)
    try:
        manifest_path = folder / MANIFEST
        build = _read_build(folder / BUILD, (folder / BUILD).stat().st_mtime_ns)
        if not manifest_path.stat().st_size:
            return f"{MANIFEST} is empty"
        for assembly in build.values():
            assembly.check()
    except (FileNotFoundError, DamagedError, ValueError) as error:
        return str(error)
    return ""


def mend() -> int:
    """Build again what is missing or cut of the active releases, newest first. Returns how many were."""
    active = Release.objects.filter(state=Release.State.ACTIVE).select_related("dataset")
    n_mended = 0
    for release in active.order_by("-as_of", "-number"):
        if not (found := damage(release)):
            continue
        logger.error("files of %s %s: %s", release.dataset.slug, release.number, found)
        try:
            build_files(release)
        except DamagedError:
            logger.exception("files of %s %s", release.dataset.slug, release.number)
            continue
        n_mended += 1
        if not active.filter(pk=release.pk).exists():  # it was withdrawn meanwhile
            shutil.rmtree(folder_of(release), ignore_errors=True)
    return n_mended


def _source(release: Release, city: City) -> Source:
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
        part = build_part(building, _stem(slug, span.month), source, span, about)
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
    files = [(name, record["bytes"]) for name, record in _files_of(_stem(slug, span.month), part)]
    for name, size in files:
        old = before / name
        if not old.exists() or old.stat().st_size != size:
            return False
    for name, _ in files:
        try:
            os.link(before / name, building / name)
        except OSError:  # another file system, or one without links
            shutil.copyfile(before / name, building / name)
    return True


def _join(
    building: Path, source: Source, parts: dict[str, Record], about: About
) -> tuple[dict[str, Record], dict[str, Record]]:
    """What is written for the whole (Parquet) and what is put together: records by name and by name's end."""
    spec = source.spec
    if not source.projection.is_monthly:
        return {}, {}
    name = f"{spec.slug}.parquet"
    paths = [building / f"{_stem(spec.slug, month)}.parquet" for month in parts]
    joined = {name: join_parquet(building / name, spec, paths, about)}
    whole = {
        "parquet": {**joined[name], "pieces": [Piece(joined[name]["bytes"], file=name).to_json()]}
    }
    for suffix, frame in texts_of(spec).items():
        of_suffix = [
            (f"{_stem(spec.slug, month)}.{suffix}", part["files"][suffix])
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
                    s: _described(_stem(spec.slug, month), s, part["files"][s])
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
