"""What `manage.py doctor` says of the inbox."""

from __future__ import annotations

from typing import Any

import pytest

from portal.runtime.diagnosis import Verdict, inbox_finding
from sensors.models import IngestBatch, Source
from tests.sensors.field import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> IngestBatch:
    return IngestBatch.objects.create(
        source=Source.objects.create(slug="north", name="North", created_at=NOW),
        idempotency_key="k",
        channel="http",
        message_kind="pulses",
        content_type="application/json",
        body=b"[]",
        received_at=NOW,
    )


def test_a_batch_that_waits_is_no_trouble(batch: IngestBatch) -> None:
    finding = inbox_finding()

    assert (finding.verdict, finding.remedy) == (Verdict.FINE, "")
    assert finding.text == "1 batches waiting, 0 parked, 0 messages in quarantine"


def test_a_parked_batch_is_told_with_what_to_do(batch: IngestBatch) -> None:
    IngestBatch.objects.update(state="parked")

    finding = inbox_finding()

    assert finding.verdict == Verdict.WARNING
    assert "1 parked" in finding.text
    assert "/admin/sensors/ingestbatch/" in finding.remedy


def test_a_full_inbox_is_wrong(batch: IngestBatch, settings: Any) -> None:
    settings.INGEST_MAX_WAITING = 1

    assert inbox_finding().verdict == Verdict.WRONG
