"""`manage.py ingest SOURCE PATH`: a city's file becomes records.

Exit codes: 0 stored or unchanged, 1 nothing was kept (the report says why), 2 wrong call.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from incidents.importers import ImporterError, Progress, ingest, mapping_paths, read_mapping
from incidents.models import ImportedFile

WRONG_CALL = 2
PROGRESS_EVERY_ROWS = 100_000


class Command(BaseCommand):
    help = "Import a file of police records, areas or addresses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", nargs="?", default="", help="a known source; none: list them")
        parser.add_argument("path", nargs="?", type=Path, help="CSV, TSV, GeoJSON or Excel")
        parser.add_argument("--mapping", type=Path, help="a mapping file instead of a known source")
        parser.add_argument("--json", action="store_true", help="JSON lines for machines")
        parser.add_argument("--dry-run", action="store_true", help="report, and keep nothing")
        parser.add_argument("--again", action="store_true", help="even if the bytes are the same")
        parser.add_argument("--by", default="", help="username to keep with the import")
        parser.add_argument(
            "--accept", action="append", default=[], help="a check whose error you have looked at"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["path"]:
            self._list_sources(wanted=options["source"])
            return
        watch = _JsonLines() if options["json"] else _Bar(options["path"])
        try:
            mapping = read_mapping(options["mapping"]) if options["mapping"] else None
            with watch:
                file = ingest(
                    options["path"],
                    source=options["source"],
                    mapping=mapping,
                    by=options["by"],
                    now=timezone.now(),
                    progress=watch,
                    accept=frozenset(options["accept"]),
                    again=options["again"],
                    dry_run=options["dry_run"],
                )
        except ImporterError as error:
            raise CommandError(str(error), returncode=WRONG_CALL) from error
        watch.finish(file, dry_run=options["dry_run"])
        if file.state == ImportedFile.State.FAILED:
            raise CommandError("Nothing of the file was kept.", returncode=1)

    def _list_sources(self, *, wanted: str) -> None:
        names = "\n  ".join(mapping_paths())
        if wanted:
            raise CommandError(
                f"got no file for {wanted!r}; wanted: ingest SOURCE PATH, with one of these "
                f"sources or --mapping FILE:\n  {names}",
                returncode=WRONG_CALL,
            )
        self.stdout.write(f"Known sources:\n  {names}")


class _Watch:
    """Shows an import to whoever started it."""

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing to close."""

    def __call__(self, progress: Progress) -> None:
        raise NotImplementedError

    def finish(self, file: ImportedFile, *, dry_run: bool) -> None:
        raise NotImplementedError


class _Bar(_Watch):
    """A progress bar on a terminal, and sentences at the end."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size if path.is_file() else None
        # disable=None: no bar where nobody looks, as in a log.
        self._bar = tqdm(total=size, unit="B", unit_scale=True, disable=None, desc=path.name)

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def __call__(self, progress: Progress) -> None:
        self._bar.set_postfix_str(f"{progress.rows:,} rows", refresh=False)
        self._bar.update(progress.read_bytes - self._bar.n)

    def finish(self, file: ImportedFile, *, dry_run: bool) -> None:
        lines = [
            f"{file.name}: {file.state}{' (dry run)' if dry_run else ''}. "
            f"{file.rows_in:,} rows in: {file.rows_new:,} new, {file.rows_revised:,} revised, "
            f"{file.rows_same:,} the same, {file.rows_refused:,} refused."
        ]
        findings = file.quality.get("findings", [])
        lines += [f"{finding['severity']}: {finding['sentence']}" for finding in findings]
        reasons = file.quality.get("refused", {})
        lines += [f"refused, {reason}: {count:,}" for reason, count in reasons.items()]
        sys.stdout.write("\n".join(lines) + "\n")


class _JsonLines(_Watch):
    """One JSON object a line: progress, and the result last."""

    def __init__(self) -> None:
        self._next = PROGRESS_EVERY_ROWS

    def __call__(self, progress: Progress) -> None:
        if progress.rows >= self._next:
            self._next = progress.rows + PROGRESS_EVERY_ROWS
            self._write("progress", **vars(progress))

    def finish(self, file: ImportedFile, *, dry_run: bool) -> None:
        names = ("source", "name", "sha256", "state", "rows_in", "rows_new", "rows_revised",
                 "rows_same", "rows_refused", "quality")  # fmt: skip
        values = {name: getattr(file, name) for name in names}
        self._write("result", file=file.pk, dry_run=dry_run, **values)

    def _write(self, event: str, **values: Any) -> None:
        sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
        sys.stdout.flush()
