"""What reviewed incidents teach, in worlds whose sounds are not those of our laws."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sensors.detection.classification import DEFAULT, Classifier, FormatError
from sensors.detection.features import FEATURES
from sensors.detection.laws import TERMS
from sensors.detection.learning import History, Report, cross_validated, most_likely, train
from sensors.detection.weights import LEARNT_TERMS
from tests.reference.acoustic_classes import INVERTED, PLAIN, RHYTHM_ONLY, made_incidents
from tests.reference.probabilities import weights_by_search


def history(world=PLAIN, count=60, seed=1):
    features, kind = made_incidents(world, count, np.random.default_rng(seed))
    return History(tuple(features), kind)


def marked(classifier, world, *, count=300, seed=77):
    asked = history(world, count, seed)
    prob = np.array([classifier.judge(one).prob for one in asked.features])
    return Report.of(prob, asked.kind == "gunfire")


def test_fifty_reviews_overrule_laws_that_are_wrong():
    before = marked(DEFAULT, INVERTED)
    after = marked(train(history(INVERTED, 50)), INVERTED)

    assert before.auc < 0.2
    assert after.auc > 0.97
    assert after.ece < 0.08


def test_many_reviews_make_probabilities_true():
    assert marked(train(history(RHYTHM_ONLY, 400)), RHYTHM_ONLY, count=800).ece < 0.06


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8])
def test_a_handful_of_reviews_does_not_break_what_was_right(count):
    after = marked(train(history(PLAIN, count)), PLAIN)

    assert after.auc > 0.97
    assert after.ece < 0.15


def test_reviews_of_one_kind_teach_nothing():
    shots = history(count=200)
    only = shots.take(np.flatnonzero(shots.kind == "gunfire"))

    assert train(only) is DEFAULT


def test_the_same_reviews_in_another_order_give_the_same_weights():
    told = history()
    shuffled = told.take(np.random.default_rng(3).permutation(len(told)))

    assert train(shuffled).to_json() == train(told).to_json()


def test_another_review_is_another_version():
    told = history()

    assert train(told).version != train(told.take(np.arange(len(told) - 1))).version
    changed = told.kind.copy()
    changed[0] = "impulse" if changed[0] != "impulse" else "gunfire"
    assert train(told).version != train(History(told.features, changed)).version


def test_weights_survive_json_exactly():
    classifier = train(history(count=80))
    again = Classifier.from_json(json.loads(json.dumps(classifier.to_json())))

    for one in history(count=20, seed=5).features:
        was, now = classifier.judge(one), again.judge(one)
        assert (was.prob, was.kind, was.why) == (now.prob, now.kind, now.why)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told | {"format": 99},
        lambda told: told | {"gunfire": {"inputs": ["other"]}},
        lambda told: {"format": told["format"]},
    ],
)
def test_weights_of_another_format_are_refused(spoil):
    with pytest.raises(FormatError, match="wanted"):
        Classifier.from_json(spoil(DEFAULT.to_json()))


@pytest.mark.parametrize("classifier", [DEFAULT, train(history(count=120))], ids=["laws", "learnt"])
def test_what_each_term_adds_sums_to_the_log_odds(classifier):
    for one in history(count=40, seed=9).features:
        verdict = classifier.judge(one)

        assert sum(verdict.why.values()) == pytest.approx(
            np.log(verdict.prob / (1 - verdict.prob)), abs=1e-6
        )
        assert set(verdict.why) <= {*TERMS, *LEARNT_TERMS}
        assert verdict.kind_probs.sum() == pytest.approx(1.0)
        assert (verdict.kind_probs >= 0.0).all()


HOSTILE = [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e300, -1e300, 1e-300]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("classifier", [DEFAULT, train(history(count=120))], ids=["laws", "learnt"])
def test_hostile_features_give_a_probability(classifier, value):
    verdict = classifier.judge(dict.fromkeys(FEATURES, value))

    assert 0.0 < verdict.prob < 1.0
    assert np.isfinite(list(verdict.why.values())).all()
    assert classifier.judge({}).prob == pytest.approx(classifier.judge({}).prob)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_review_spoils_nothing(value):
    told = history(count=60)
    spoilt = History(
        (*told.features, dict.fromkeys(FEATURES, value)), np.append(told.kind, "gunfire")
    )

    assert marked(train(spoilt), PLAIN).auc > 0.95


def test_a_history_without_some_features_still_judges_incidents_that_have_them():
    told = history(count=100)
    without = tuple(
        {
            name: value
            for name, value in one.items()
            if "centroid" not in name and "level" not in name
        }
        for one in told.features
    )

    assert marked(train(History(without, told.kind)), PLAIN).auc > 0.97


def test_cross_validation_tells_what_new_incidents_will_show():
    told = history(INVERTED, 150)
    stated, prob = cross_validated(told)
    fresh = marked(train(told), INVERTED, count=600)

    assert stated.n == 150
    assert prob.shape == (150,)
    assert stated.auc == pytest.approx(fresh.auc, abs=0.03)
    assert stated.brier == pytest.approx(fresh.brier, abs=0.03)


def test_kinds_other_than_gunfire_are_told_apart_once_they_were_reviewed():
    told = history(INVERTED, 200)
    rest = told.take(np.flatnonzero(told.kind != "gunfire"))

    def right(classifier):
        probs = np.array([classifier.judge(one).kind_probs for one in rest.features])
        return np.mean((probs[:, 1] > probs[:, 2]) == (rest.kind == "firework"))

    assert right(train(told)) > right(DEFAULT) + 0.1


def test_the_fit_agrees_with_a_general_optimiser():
    rng = np.random.default_rng(6)
    design = np.column_stack([np.ones(70), rng.normal(0.0, 1.0, (70, 5))])
    truth = rng.random(70) < 1.0 / (1.0 + np.exp(-2.0 * design[:, 1]))
    mean, sd = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0]), np.array([2.0, 0.5, 1.0, 1.0, 0.3, 3.0])

    assert most_likely(design, truth, mean, sd) == pytest.approx(
        weights_by_search(design, truth, mean, sd), abs=1e-4
    )
