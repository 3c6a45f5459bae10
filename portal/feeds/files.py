"""Released files: built once per release, whole or not at all, and served with their length and hash."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.city import the_city
from portal.feeds.chain import overrides_behind
from portal.feeds.dictionary import DATASETS
from portal.feeds.renderers import FORMATS, Edition, formats_of, plain
from portal.feeds.rows import rows_of
from portal.models import Release

MANIFEST = "manifest.json"


def folder_of(release: Release) -> Path:
    return Path(settings.FILES) / release.dataset.slug / str(release.number)


def file_of(release: Release, suffix: str) -> Path:
    return folder_of(release) / f"{release.dataset.slug}.{suffix}"


def manifest_of(release: Release) -> dict[str, Any]:
    """Rows, bytes and SHA-256 of every file of a release; builds the files where they are missing."""
    path = folder_of(release) / MANIFEST
    if not path.exists():
        return build_files(release)
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def manifest_sha256_of(release: Release) -> str:
    """The hash that the chain of releases signs; through the manifest it covers every file."""
    manifest_of(release)
    return hashlib.sha256((folder_of(release) / MANIFEST).read_bytes()).hexdigest()


def build_files(release: Release) -> dict[str, Any]:
    """Write every format and then the manifest. A reader sees a whole file or none."""
    spec = DATASETS[release.dataset.slug]
    city = the_city()
    edition = Edition(release.number, release.as_of, city.licence, city.department_name)
    folder_of(release).mkdir(parents=True, exist_ok=True)
    files = {}
    for suffix in formats_of(spec):
        media_type, render = FORMATS[suffix]
        target = file_of(release, suffix)
        size, sha256 = _write_whole(target, render(spec, edition, rows_of(release)))
        files[suffix] = {
            "name": target.name,
            "media_type": media_type,
            "bytes": size,
            "sha256": sha256,
        }
    manifest = {
        "dataset": spec.slug,
        "release": release.number,
        "as_of": plain(release.as_of),
        "schema_version": release.schema_version,
        "rows": release.n_rows,
        "licence": city.licence,
        "overrides": overrides_behind(spec.slug, release.number),
        "files": files,
    }
    _write_whole(folder_of(release) / MANIFEST, [json.dumps(manifest, indent=1).encode() + b"\n"])
    return manifest


def _write_whole(target: Path, parts: Iterable[bytes]) -> tuple[int, str]:
    """To a temporary name, to the disk, then renamed. Returns bytes and SHA-256."""
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()
