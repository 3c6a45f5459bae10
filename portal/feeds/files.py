"""Released files as they are read: what a release's folder holds, and whether it is what it was.

``manifest.json`` is for readers, ``build.json`` for us. Of a dataset with months each month is a file
that releases share (hard links) while its rows are the same; the whole is put together from them as it
is read (``assembly``), so that a day's release costs the disk the months it changed, and every release
can be kept. Files are written by the worker (``building``).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.feeds.assembly import Assembly, DamagedError, Piece, digests
from portal.models import Release

MANIFEST = "manifest.json"
BUILD = "build.json"
Record = dict[str, Any]  # what is remembered of a part or a file, as JSON


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
        from portal.feeds.building import build_files

        build_files(release)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FilesAbsentError(f"{release.dataset.slug} {release.number}: no manifest") from None


def signed_manifest(release: Release) -> bytes:
    """The same, once the release is signed only if the bytes are those. Raises FilesAbsentError."""
    content = manifest_bytes(release)
    if release.manifest_sha256 not in ("", hashlib.sha256(content).hexdigest()):
        raise FilesAbsentError(f"{MANIFEST}: got other bytes than were signed")
    return content


def manifest_sha256_of(release: Release) -> str:
    """The hash that the chain of releases signs; through the manifest it covers every file."""
    return hashlib.sha256(manifest_bytes(release)).hexdigest()


def building_of(release: Release) -> Path:
    """Where files are before they are whole; a builder that was killed leaves them there."""
    return folder_of(release).with_name(f".{release.number}.building")


def replaced_of(release: Release) -> Path:
    """Where files are while others take their place; a builder that was killed just then leaves them there."""
    return folder_of(release).with_name(f".{release.number}.replaced")


def remove_files(release: Release) -> None:
    """Whole or not."""
    for folder in (folder_of(release), building_of(release), replaced_of(release)):
        shutil.rmtree(folder, ignore_errors=True)


def file_of(release: Release, suffix: str, *, month: str = "", packed: bool = False) -> Assembly:
    """A file of a release, or of one of its months; packed: as gzip. Raises FilesAbsentError, KeyError."""
    manifest_bytes(release)
    return file_in(folder_of(release), suffix, month=month, packed=packed)


def file_in(folder: Path, suffix: str, *, month: str = "", packed: bool = False) -> Assembly:
    """The same of a release's folder. Raises FilesAbsentError, and KeyError where there is no such file."""
    path = folder / BUILD
    try:
        build = _read_build(path, path.stat().st_mtime_ns)
    except (FileNotFoundError, ValueError):
        raise FilesAbsentError(f"{folder}: no files, or no list of them") from None
    return build[month, f"{suffix}.gz" if packed else suffix]


@lru_cache(maxsize=64)
def _read_build(path: Path, changed: int) -> dict[tuple[str, str], Assembly]:
    """Every file of a release by month ('' is the whole) and name's end."""
    build = json.loads(path.read_text())
    folder, slug, parts = path.parent, build["dataset"], build["parts"]
    sizes = {
        name: record["bytes"]
        for month, part in parts.items()
        for name, record in files_of(stem_of(slug, month), part)
    }
    sizes |= {name: record["bytes"] for name, record in build["joined"].items()}

    def assembly(pieces: list[Piece], record: Record, n_rows: int) -> Assembly:
        names = sorted({piece.file for piece in pieces if piece.file})
        measured = tuple((name, sizes[name]) for name in names)
        return Assembly(folder, tuple(pieces), record["sha256"], n_rows, measured)

    found = {}
    for month, part in parts.items():
        stem = stem_of(slug, month)
        for name, record in files_of(stem, part):
            piece = Piece(record["bytes"], file=name)
            found[month, name.removeprefix(f"{stem}.")] = assembly([piece], record, part["rows"])
    n_rows = sum(part["rows"] for part in parts.values())
    for end, record in build["whole"].items():
        pieces = [Piece.from_json(words) for words in record["pieces"]]
        found["", end] = assembly(pieces, record, n_rows)
    return found


def files_of(stem: str, part: Record) -> Iterator[tuple[str, Record]]:
    """Name and record of each file of a part, the compressed ones too."""
    for suffix, record in part["files"].items():
        yield f"{stem}.{suffix}", record
        if "gzip" in record:
            yield f"{stem}.{suffix}.gz", record["gzip"]


def stem_of(slug: str, month: str) -> str:
    return f"{slug}-{month}" if month else slug


def damage(release: Release, *, read: set[int] | None = None) -> str:
    """What is wrong with the files of a release, by their lengths; empty: nothing.

    read: by their contents, too, except for the files (by their numbers on the disk) that are in the
    set because they were read before; what is read is added.
    """
    folder = folder_of(release)
    try:
        build = _read_build(folder / BUILD, (folder / BUILD).stat().st_mtime_ns)
        signed_manifest(release)
        for assembly in build.values():
            assembly.check()
            if read is not None and len(assembly.sizes) == len(assembly.pieces) == 1:
                _check_content(assembly, read)
    except (FileNotFoundError, FilesAbsentError, DamagedError, ValueError) as error:
        return str(error)
    return ""


def _check_content(assembly: Assembly, read: set[int]) -> None:
    """Raises DamagedError where a file that stands on the disk as it is sent has other bytes."""
    name = assembly.pieces[0].file
    number = (assembly.folder / name).stat().st_ino
    if number not in read and digests(assembly)[0] != assembly.sha256:
        raise DamagedError(f"{name}: got other bytes than were written")
    read.add(number)
