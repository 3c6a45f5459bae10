"""Reviews become a classifier, and it is used where it proves itself."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth import get_user_model

from sensors import actions, tasks
from sensors.actions.learning import agreed, majority
from sensors.detection.classification import DEFAULT
from sensors.models import AcousticClassifier, AcousticEvent, AcousticReview
from sensors.payloads.daylight import EPOCH
from sensors.queries import current_classifier, reviewed_events
from tests.reference.acoustic_classes import INVERTED, PLAIN, made_incidents
from tests.sensors.field import NOW, T0_NS

pytestmark = pytest.mark.django_db

FINDING = {"gunfire": "evidence", "firework": "firework", "impulse": "unfounded"}


@pytest.fixture
def reviewers():
    model = get_user_model()
    return [model.objects.create_user(username=f"reviewer-{n}") for n in range(3)]


def event(number, features=None, **told):
    t_ns = T0_NS + number * 60_000_000_000
    plain = {n: v if math.isfinite(v) else None for n, v in (features or {}).items()}
    return AcousticEvent.objects.create(
        **{
            "provider_event_id": f"e{number}", "t_ns": t_ns, "lon": -79.99, "lat": 40.44,
            "occurred_at": EPOCH + timedelta(microseconds=t_ns // 1000), "kind": "gunfire",
            "probability": 0.5, "is_multiple": False, "detected_at": NOW,
            "reasons": {"features": plain} if plain else {}, **told,
        }
    )  # fmt: skip


def review(of, finding, by, *, minutes=0):
    return AcousticReview.objects.create(
        event=of, reviewer=by, finding=finding, reason="seen", event_revision=1,
        said_kind=of.kind, said_probability=of.probability,
        reviewed_at=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def reviewed(world, count, by, *, seed=1, first=0):
    features, kinds = made_incidents(world, count, np.random.default_rng(seed))
    for number, (one, kind) in enumerate(zip(features, kinds, strict=True)):
        review(event(first + number, one), FINDING[kind], by)


@pytest.mark.parametrize(
    ("findings", "kind"),
    [
        (["evidence"], "gunfire"), (["firework"], "firework"), (["unfounded"], "impulse"),
        (["no_evidence"], ""), ([], ""), (["evidence", "no_evidence"], "gunfire"),
        (["evidence", "firework"], None), (["evidence", "firework", "evidence"], "gunfire"),
        (["evidence", "unfounded", "firework"], None),
    ],
)  # fmt: skip
def test_the_majority_of_reviewers_counts(findings, kind):
    assert majority(findings) == kind


def test_the_newest_finding_of_each_reviewer_counts(reviewers):
    one, other, third = reviewers
    seen = event(1, {"rounds": 1.0})
    review(seen, "firework", one)
    review(seen, "evidence", one, minutes=5)
    review(seen, "unfounded", other, minutes=3)
    review(event(2, {"rounds": 1.0}, withdrawn_at=NOW), "evidence", third)
    review(event(3, provider="vendor"), "evidence", third)

    (found,) = reviewed_events(most=10)

    assert found.id == seen.pk
    assert sorted(found.findings) == ["evidence", "unfounded"]
    assert found.reviewed_at == NOW + timedelta(minutes=5)


def test_only_the_newest_events_are_read(reviewers):
    for number in range(4):
        review(event(number, {"rounds": 1.0}), "evidence", reviewers[0])

    ids = [one.id for one in reviewed_events(most=2)]

    assert ids == sorted(AcousticEvent.objects.values_list("pk", flat=True))[-2:]


def test_what_teaches_nothing_is_counted(reviewers):
    review(event(1), "evidence", reviewers[0])
    review(event(2, {"rounds": 1.0}), "no_evidence", reviewers[0])
    tied = event(3, {"rounds": 1.0})
    review(tied, "evidence", reviewers[0])
    review(tied, "firework", reviewers[1])
    review(event(4, {"rounds": 2.0, "log_rise": math.nan}), "evidence", reviewers[0])

    ids, history, unused = agreed(reviewed_events(most=10))

    assert ids == [AcousticEvent.objects.get(provider_event_id="e4").pk]
    assert history.kind.tolist() == ["gunfire"]
    assert math.isnan(history.features[0]["log_rise"])
    assert unused == {"no_features": 1, "no_evidence": 1, "reviewers_disagree": 1}


def test_too_few_reviews_teach_nothing(reviewers):
    reviewed(PLAIN, 20, reviewers[0])

    learnt = actions.learn_classifier(now=NOW)

    assert (learnt.verdict, learnt.n_reviewed) == ("too_few_reviews", 20)
    assert not AcousticClassifier.objects.exists()
    assert current_classifier() is DEFAULT


def test_a_better_classifier_is_taken_in_use_with_its_report(reviewers):
    reviewed(INVERTED, 60, reviewers[0])

    learnt = actions.learn_classifier(now=NOW)

    row = AcousticClassifier.objects.get()
    assert learnt.verdict == "in_use"
    assert (row.is_in_use, row.n_reviewed, row.trained_at) == (True, 60, NOW)
    assert current_classifier().version == row.version == learnt.version
    assert row.report["auc"] > 0.9
    assert row.report["n"] == 60
    assert row.report["compared"]["with"] == DEFAULT.version
    assert row.report["compared"]["candidate"] < row.report["compared"]["in_use"]
    assert sum(one["n"] for one in row.report["bins"]) == 60


def test_a_rerun_with_nothing_new_changes_nothing(reviewers):
    reviewed(INVERTED, 60, reviewers[0])
    first = actions.learn_classifier(now=NOW)
    before = list(AcousticClassifier.objects.values())

    again = actions.learn_classifier(now=NOW + timedelta(days=1))

    assert (again.verdict, again.version) == ("nothing_new", first.version)
    assert list(AcousticClassifier.objects.values()) == before


def test_new_reviews_are_compared_only_where_neither_has_seen_them(reviewers):
    reviewed(INVERTED, 60, reviewers[0])
    first = actions.learn_classifier(now=NOW)

    reviewed(INVERTED, 5, reviewers[0], seed=2, first=100)
    few = actions.learn_classifier(now=NOW + timedelta(days=1))
    reviewed(INVERTED, 40, reviewers[0], seed=3, first=200)
    many = actions.learn_classifier(now=NOW + timedelta(days=2))

    assert few.verdict == "too_few_unseen"
    compared = {row.version: row.report["compared"] for row in AcousticClassifier.objects.all()}
    assert (compared[few.version]["n"], compared[many.version]["n"]) == (5, 45)
    assert compared[many.version]["with"] == first.version
    assert AcousticClassifier.objects.filter(is_in_use=True).count() == 1
    in_use = AcousticClassifier.objects.get(is_in_use=True).version
    better = compared[many.version]["candidate"] <= compared[many.version]["in_use"]
    assert in_use == (many.version if better else first.version)


def test_a_worse_classifier_is_kept_and_not_used(reviewers, monkeypatch):
    reviewed(PLAIN, 60, reviewers[0])
    blind = DEFAULT.__class__("blind", DEFAULT.laws)
    monkeypatch.setattr("sensors.actions.learning.train", lambda history: blind)
    monkeypatch.setattr(
        "sensors.actions.learning.cross_validated",
        lambda history: (
            actions.learning.Report.of(np.full(60, 0.5), history.kind == "gunfire"),
            np.full(60, 0.5),
        ),
    )

    learnt = actions.learn_classifier(now=NOW)

    assert learnt.verdict == "worse_than_the_one_in_use"
    assert not AcousticClassifier.objects.get(version="blind").is_in_use
    assert current_classifier() is DEFAULT


def test_events_judged_before_are_left_as_they_are(reviewers):
    reviewed(INVERTED, 60, reviewers[0])
    before = list(AcousticEvent.objects.order_by("pk").values())

    actions.learn_classifier(now=NOW)

    assert list(AcousticEvent.objects.order_by("pk").values()) == before


def test_weights_of_an_older_format_are_not_guessed_at():
    AcousticClassifier.objects.create(
        version="old", trained_at=NOW, parameters={"format": 0}, report={}, n_reviewed=99, is_in_use=True
    )  # fmt: skip

    assert current_classifier() is DEFAULT


def test_the_task_gives_plain_values(reviewers):
    reviewed(PLAIN, 3, reviewers[0])

    assert tasks.learn() == {
        "verdict": "too_few_reviews",
        "n_reviewed": 3,
        "version": "",
        "unused": {},
    }
