"""Recorded files through the same door as live messages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from freezegun import freeze_time

from sensors import actions
from sensors.models import AcousticEvent, IngestBatch, Pulse, Sensor, Source
from sensors.payloads.daylight import encode_lines
from tests.sensors.field import NOW, shot

pytestmark = pytest.mark.django_db

PULSES = shot(x_m=130.0, y_m=-70.0, rounds=2)


def replay(*arguments: str) -> list[dict[str, Any]]:
    said = io.StringIO()
    with freeze_time(NOW):
        call_command("replay", *arguments, stdout=said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "recording.ndjson"
    path.write_bytes(encode_lines(PULSES) + b"\n\nnot json\n")
    return path


def test_lines_are_stored_and_detected(lines: Path, microphones: list[Sensor]) -> None:
    *progress, total = replay(str(lines), "--drain", "--batch", "30")

    assert len(progress) == IngestBatch.objects.count() > 1
    assert total == {
        "messages": len(PULSES) + 1,
        "batches": len(progress),
        "repeated_batches": 0,
        "stored": len(PULSES),
        "repeated": 0,
        "quarantined": 1,
        "new_events": 1,
        "done": True,
    }
    assert AcousticEvent.objects.get().n_shots == 2


def test_a_table_is_the_same_recording(tmp_path: Path, microphones: list[Sensor]) -> None:
    path = tmp_path / "recording.csv"
    columns = ["sensor", "pulse_id", "t_ns", "peak_db", "rise_ms", "dur_ms", "centroid_hz"]
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(columns)
        writer.writerows([getattr(one, name) for name in columns] for one in PULSES)

    total = replay(str(path), "--drain")[-1]

    assert (total["stored"], total["quarantined"], total["new_events"]) == (len(PULSES), 0, 1)
    assert Pulse.objects.filter(peak_db=PULSES[0].peak_db).exists()


def test_the_same_file_again_changes_nothing(lines: Path, microphones: list[Sensor]) -> None:
    replay(str(lines), "--drain")

    again = replay(str(lines), "--drain")[-1]

    assert (again["repeated_batches"], again["stored"], again["new_events"]) == (1, 0, 0)
    assert IngestBatch.objects.count() == 1


def test_another_batch_size_changes_nothing_either(lines: Path, microphones: list[Sensor]) -> None:
    replay(str(lines), "--drain")

    again = replay(str(lines), "--drain", "--batch", "7")[-1]

    assert (again["stored"], again["repeated"]) == (0, len(PULSES))


def test_a_full_inbox_is_drained_on_the_way(
    lines: Path, microphones: list[Sensor], settings: Any
) -> None:
    settings.INGEST_MAX_WAITING = 2

    replay(str(lines), "--drain", "--batch", "5")

    assert Pulse.objects.count() == len(PULSES)


def test_without_drain_everything_waits_for_the_worker(
    lines: Path, microphones: list[Sensor]
) -> None:
    replay(str(lines))

    assert not Pulse.objects.exists()
    assert IngestBatch.objects.get().state == "waiting"


def test_a_source_must_be_named_where_there_are_two(lines: Path, source: Source) -> None:
    actions.create_source(slug="other", name="", now=NOW)

    with pytest.raises(CommandError, match="one of: gateway, other"):
        replay(str(lines))
    assert replay(str(lines), "--source", "other")[-1]["batches"] == 1


def test_a_file_that_is_not_there_is_said_so(source: Source) -> None:
    with pytest.raises(CommandError, match="wanted a file"):
        replay("/nowhere/recording.ndjson")
