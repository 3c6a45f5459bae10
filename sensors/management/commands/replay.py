"""`manage.py replay FILE`: recorded pulses or readings, through the same door as live ones."""

from __future__ import annotations

import csv
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from sensors import actions
from sensors.kinds import MESSAGE_KINDS, PULSES, MessageKind
from sensors.models import IngestBatch, Source
from sensors.payloads.daylight import NDJSON, from_table

PAUSE_S = 1.0


class Command(BaseCommand):
    help = "Send a recorded file (NDJSON, or CSV with the wire names as columns) through the inbox."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", help="who recorded it; may be left out where there is one")
        parser.add_argument("--kind", choices=MESSAGE_KINDS, default=PULSES)
        parser.add_argument("--batch", type=int, default=1000, help="messages per inbox row")
        parser.add_argument(
            "--drain", action="store_true", help="drain and detect here, without a worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kind, is_draining = options["kind"], options["drain"]
        source = _source(options["source"])
        if not options["file"].is_file():
            raise CommandError(f"got {options['file']}; wanted a file")
        counts: dict[str, Any] = {"messages": 0, "batches": 0, "repeated_batches": 0}
        with tqdm(unit=" messages", disable=not sys.stderr.isatty()) as bar:
            for lines in _chunks(_messages(options["file"]), options["batch"]):
                receipt = _accept(source, kind, b"\n".join(lines), is_draining=is_draining)
                counts["messages"] += receipt.n_messages
                counts["batches"] += 1
                counts["repeated_batches"] += receipt.is_repeated
                bar.update(receipt.n_messages)
                if bar.disable:
                    self.stdout.write(json.dumps(counts))
        if is_draining:
            counts |= _drain_all()
        self.stdout.write(json.dumps(counts | {"done": True}))


def _source(slug: str | None) -> Source:
    sources = Source.objects.filter(slug=slug) if slug else Source.objects.all()
    if sources.count() != 1:
        known = ", ".join(Source.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"got source {slug!r}; wanted --source, one of: {known or 'none yet'}")
    return sources.get()


def _messages(path: Path) -> Iterator[bytes]:
    """One JSON message per line or row; nothing is judged here."""
    if path.suffix.lower() == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as table:
            yield from from_table(csv.DictReader(table))
    else:
        with path.open("rb") as lines:
            yield from (line.strip() for line in lines if line.strip())


def _chunks(messages: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while chunk := list(itertools.islice(messages, size)):
        yield chunk


def _accept(
    source: Source, kind: MessageKind, body: bytes, *, is_draining: bool
) -> actions.Receipt:
    """Into the inbox; where that is full, once there is room again."""
    while True:
        try:
            return actions.accept_batch(
                source_id=source.pk,
                kind=kind,
                body=body,
                content_type=NDJSON,
                idempotency_key=actions.content_key(kind, body),
                channel=IngestBatch.Channel.FILE,
                received_at=timezone.now(),
            )
        except actions.InboxFull:
            if is_draining:
                actions.drain(now=timezone.now())
            else:
                time.sleep(PAUSE_S)


def _drain_all() -> dict[str, int]:
    drained = actions.drain(now=timezone.now(), budget_s=float("inf"))
    detected = actions.detect_dirty(now=timezone.now(), budget_s=float("inf"))
    return {
        "stored": drained.n_stored,
        "repeated": drained.n_repeated,
        "quarantined": drained.n_quarantined,
        "new_events": detected.n_new,
    }
