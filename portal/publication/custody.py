"""Does what this installation holds agree with its chain: releases, rows, files?"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from portal.feeds.assembly import DamagedError
from portal.feeds.chain import entries, line_of
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import MANIFEST, FilesAbsentError, file_of, folder_of
from portal.feeds.renderers import csv_cell
from portal.feeds.rows import rows_of
from portal.models import Release
from portal.publication.chain_text import compact
from portal.publication.proof import Chain, Edition, Opener, check_release, read_chain
from portal.publication.writing import count_rows


@contextmanager
def at_one_instant() -> Iterator[None]:
    """Chain and tables are read as they were at one instant, whatever is released meanwhile."""
    with transaction.atomic(using="public"), connections["public"].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def chain_here() -> Chain:
    """The chain in the database, read as a stranger reads a downloaded one."""
    return read_chain(compact(line_of(entry)) for entry in entries().iterator())


def check_custody(chain: Chain) -> int:
    """Note in the chain whatever the tables and files here do not bear out. Returns how many files were compared."""
    seen = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    releases = {
        (release.dataset.slug, release.number): release
        for release in Release.objects.filter(state__in=seen).select_related("dataset")
    }
    for edition in sorted(set(chain.releases) - set(releases)):
        chain.damage.append(
            f"the chain has {edition[0]} {edition[1]}; the database has no such release"
        )
    return sum(_check(chain, edition, releases[edition]) for edition in sorted(releases))


def _check(chain: Chain, edition: Edition, release: Release) -> int:
    name = f"{edition[0]} {edition[1]}"
    is_withdrawn = release.state == Release.State.WITHDRAWN
    if is_withdrawn != (edition in chain.withdrawn):
        other = "not withdrawn" if is_withdrawn else "withdrawn"
        chain.damage.append(f"{name} is {release.state} in the database and {other} in the chain")
    if is_withdrawn:
        return 0
    if edition not in chain.releases:
        chain.damage.append(
            f"{name} is public and in no entry of the chain: an entry was cut off or left out"
        )
        return 0
    _check_rows(chain, edition, release)
    if not (folder_of(release) / MANIFEST).exists():
        chain.notices.append(f"{name} has no files here; they are built again when asked for")
        return 0
    return _check_files(chain, edition, release)


def _check_rows(chain: Chain, edition: Edition, release: Release) -> None:
    """What the tables say of a release against what was signed."""
    name, said = f"{edition[0]} {edition[1]}", chain.releases[edition]
    told = (release.n_rows, release.n_added, release.n_retired, release.manifest_sha256)
    if told != (said["rows"], said["added"], said["retired"], said["manifest_sha256"]):
        chain.damage.append(f"{name} was changed in the database after it was signed")
    rows = count_rows(*edition)
    if _has_lost_rows(chain, edition):
        chain.notices.append(
            f"{name}: rows in its file were taken back later, with an earlier release; the tables lack them"
        )
    elif rows != said["rows"]:
        chain.damage.append(f"{name} has {rows} rows in the database, {said['rows']} were signed")


def _check_files(chain: Chain, edition: Edition, release: Release) -> int:
    """Files against manifest and chain, and the rows that readers get now against the file."""
    name, manifest = f"{edition[0]} {edition[1]}", folder_of(release) / MANIFEST
    try:
        is_current = release.dataset.current_id == release.pk
        if is_current and not _has_lost_rows(chain, edition) and _rows_differ(release):
            chain.damage.append(
                f"{name}: the rows in the database are not those of the released file"
            )
        return check_release(chain, manifest.read_bytes(), opener(release))
    except (DamagedError, FileNotFoundError) as error:
        chain.damage.append(f"{name}: a file here is cut, grown or gone ({error})")
        return 0


def _rows_differ(release: Release) -> bool:
    """Whether pages and API, which read the tables, tell other rows than the file that was signed.

    In whatever order: the file goes month by month.
    """
    columns = DATASETS[release.dataset.slug].columns
    with file_of(release, "csv").open(newline="") as lines:
        written = csv.reader(lines)
        if next(written) != list(columns):
            return False  # of an earlier schema, whose file cannot be made from the tables any more
        told = ([csv_cell(row[name]) for name in columns] for row, _shape in rows_of(release))
        return _sum_of(written) != _sum_of(told)


def _sum_of(rows: Iterable[list[str]]) -> tuple[int, int]:
    """How many rows, and a number that is the same for the same rows in any order."""
    n = total = 0
    for row in rows:
        digest = hashlib.sha256(json.dumps(row).encode()).digest()
        n, total = n + 1, (total + int.from_bytes(digest)) % 2**256
    return n, total


def opener(release: Release) -> Opener:
    """Opens a file of a release as readers get it: `incidents.csv`, `incidents-2026-10.csv`."""

    def open_named(name: str) -> io.BufferedReader | None:
        stem, _, suffix = name.partition(".")
        month = stem.removeprefix(release.dataset.slug).removeprefix("-")
        try:
            return file_of(release, suffix, month=month).open("rb")
        except (FilesAbsentError, KeyError):
            return None

    return open_named


def _has_lost_rows(chain: Chain, edition: Edition) -> bool:
    """Whether an earlier release was withdrawn afterwards with its rows, which this one carried on."""
    slug, number = edition
    return any(
        dataset == slug
        and earlier < number
        and words["rows_retired"] == "yes"
        and words["number"] > chain.releases[edition]["number"]
        for (dataset, earlier), words in chain.withdrawn.items()
    )
