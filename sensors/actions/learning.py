"""Reviews -> a classifier of this city's own, taken in use only where it proves itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction

from sensors.detection.classification import Classifier
from sensors.detection.learning import History, Report, cross_validated, train
from sensors.models import AcousticClassifier, AcousticReview
from sensors.queries import ReviewedEvent, current_classifier, reviewed_events

Finding = AcousticReview.Finding

FEWEST_REVIEWED = 30
FEWEST_OF_EACH = 5
"""Of gunfire and of anything else. Fewer would teach, but not prove anything on reviews held out."""
FEWEST_UNSEEN = 10
"""Reviews that the classifier in use has not learnt from, below which the two cannot be compared."""
MOST_REVIEWED = 5_000
"""The newest; learning from so many takes some seconds."""
LEARN_LOCK = 0x0DA7_11D8

MEANS = {Finding.EVIDENCE: "gunfire", Finding.FIREWORK: "firework", Finding.UNFOUNDED: "impulse"}
"""That no evidence was found says nothing: most confirmed gunfire leaves none either."""


@dataclass(frozen=True)
class Learnt:
    """What one run came to. verdict: "in_use", or why nothing was taken in use."""

    verdict: str
    n_reviewed: int
    version: str = ""
    unused: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def learn_classifier(*, now: datetime) -> Learnt:
    """Learn from all reviews, and use what was learnt if it is not worse on reviews that neither saw.

    Events that were judged before are left as they are: ``classifier_version`` says by which weights,
    and only windows that are detected over anew meet the new ones. A rerun over the same reviews changes
    nothing.
    """
    _alone()
    ids, history, unused = agreed(reviewed_events(most=MOST_REVIEWED))
    n_gunfire = int((history.kind == "gunfire").sum())
    if len(history) < FEWEST_REVIEWED or min(n_gunfire, len(history) - n_gunfire) < FEWEST_OF_EACH:
        return Learnt("too_few_reviews", len(history), unused=unused)
    candidate = train(history)
    if AcousticClassifier.objects.filter(version=candidate.version).exists():
        return Learnt("nothing_new", len(history), candidate.version, unused)
    report, probability = cross_validated(history)
    compared = _compared(current_classifier(), ids, history, probability)
    is_better = compared["n"] >= FEWEST_UNSEEN and compared["candidate"] <= compared["in_use"]
    if is_better:
        AcousticClassifier.objects.filter(is_in_use=True).update(is_in_use=False)
    AcousticClassifier.objects.create(
        version=candidate.version,
        trained_at=now,
        parameters=candidate.to_json(),
        report=_plain(asdict(report) | {"compared": compared, "unused": unused, "events": ids}),
        n_reviewed=len(history),
        is_in_use=is_better,
    )
    verdict = "in_use" if is_better else _why_not(compared)
    return Learnt(verdict, len(history), candidate.version, unused)


def agreed(reviewed: Sequence[ReviewedEvent]) -> tuple[list[int], History, dict[str, int]]:
    """Events with what most of their reviewers found, and how many had to be left out, by cause."""
    unused: Counter[str] = Counter()
    ids, features, kinds = list[int](), list[dict[str, float]](), list[str]()
    for event in reviewed:
        kind = majority(event.findings)
        if not event.features:
            unused["no_features"] += 1
        elif kind is None:
            unused["reviewers_disagree"] += 1
        elif not kind:
            unused["no_evidence"] += 1
        else:
            ids.append(event.id)
            kinds.append(kind)
            features.append({n: math.nan if v is None else v for n, v in event.features.items()})
    return ids, History(tuple(features), np.array(kinds, dtype="U8")), dict(unused)


def majority(findings: Sequence[str]) -> str | None:
    """The kind that most of the findings mean; "" where none means any, None where they are tied."""
    votes = Counter(MEANS[Finding(one)] for one in findings if one in MEANS).most_common(2)
    if not votes:
        return ""
    return None if len(votes) > 1 and votes[0][1] == votes[1][1] else votes[0][0]


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LEARN_LOCK])


def _compared(
    in_use: Classifier, ids: Sequence[int], history: History, probability: np.ndarray
) -> dict[str, Any]:
    """Surprise (log loss) of both on reviews that neither had seen: those the one in use has not learnt
    from, each judged by a candidate that was learnt without it."""
    seen = set(
        AcousticClassifier.objects.filter(version=in_use.version)
        .values_list("report__events", flat=True)
        .first()
        or ()
    )
    rows = np.array([k for k, one in enumerate(ids) if one not in seen], dtype=np.int64)
    unseen = history.take(rows)
    truth = unseen.kind == "gunfire"
    said = np.array([in_use.judge(one).prob for one in unseen.features])
    return {
        "with": in_use.version,
        "n": int(rows.size),
        "in_use": Report.of(said, truth).log_loss,
        "candidate": Report.of(probability[rows], truth).log_loss,
    }


def _why_not(compared: dict[str, Any]) -> str:
    return "too_few_unseen" if compared["n"] < FEWEST_UNSEEN else "worse_than_the_one_in_use"


def _plain(value: Any) -> Any:
    """Without NaN, which JSON has not."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
