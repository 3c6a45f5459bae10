import numpy as np
import pytest

from sensors.detection.classification import DEFAULT, KINDS
from sensors.detection.features import pooled_features, rhythm_features
from sensors.detection.laws import LAWS, SUREST
from tests.reference.acoustic_classes import PLAIN, made_incidents
from tests.reference.probabilities import kind_odds_by_words

NONE = np.full(12, np.nan)
DISTANCE = np.linspace(100.0, 700.0, 12)


def judge(*, rise_ms=NONE, dur_ms=NONE, centroid_hz=NONE, peak_db=NONE, rounds=(0.0,)):
    features = pooled_features(
        distance_m=DISTANCE,
        rise_ms=rise_ms,
        dur_ms=dur_ms,
        centroid_hz=centroid_hz,
        peak_db=peak_db,
        round_t_s=np.array(rounds),
    )
    verdict = DEFAULT.judge(features)
    return verdict.kind, verdict.prob, verdict.kind_probs


def at_random(count, mean_gap_s):
    """Cracks of a string: one lights the next whenever it does."""
    return np.cumsum(np.random.default_rng(1).exponential(mean_gap_s, count) + 0.01)


def test_probabilities_add_up_and_the_kind_is_the_likeliest():
    kind, prob, share = judge(rounds=(0.0, 0.5, 1.1))

    assert share.sum() == pytest.approx(1.0)
    assert kind == KINDS[int(np.argmax(share))]
    assert prob == share[0]


def test_sharp_loud_bright_rounds_half_a_second_apart_are_likely_gunfire():
    kind, prob, _ = judge(
        rise_ms=np.full(12, 1.1),
        dur_ms=np.full(12, 140.0),
        centroid_hz=np.interp(DISTANCE, [100, 225, 400], [830, 615, 550]),
        peak_db=92.0 - 15.0 * np.log10(DISTANCE / 100.0),
        rounds=(0.0, 0.45, 1.0),
    )

    assert (kind, prob > 0.9) == ("gunfire", True)


def test_a_string_of_dull_cracks_is_likely_a_firework():
    kind, prob, _ = judge(
        rise_ms=np.full(12, 2.5), dur_ms=np.full(12, 280.0), rounds=at_random(25, 0.12)
    )

    assert (kind, prob < 0.1) == ("firework", True)


def test_a_slow_quiet_single_bang_is_likely_something_else():
    kind, prob, _ = judge(
        rise_ms=np.full(12, 6.0), dur_ms=np.full(12, 220.0), peak_db=np.full(12, 66.0)
    )

    assert (kind, prob < 0.2) == ("impulse", True)


def test_without_features_it_says_little():
    _, prob, _ = judge(rounds=(0.0,))

    assert 0.3 < prob < 0.7


def test_more_sensors_say_more_but_not_without_limit():
    one = np.where(np.arange(12) == 0, 1.1, np.nan)
    few, many = judge(rise_ms=one)[1], judge(rise_ms=np.full(12, 1.1))[1]
    endless = DEFAULT.judge(
        pooled_features(
            distance_m=np.full(10_000, 300.0),
            rise_ms=np.full(10_000, 1.1),
            dur_ms=np.full(10_000, np.nan),
            centroid_hz=np.full(10_000, np.nan),
            peak_db=np.full(10_000, np.nan),
            round_t_s=np.zeros(1),
        )
    ).prob

    assert few < many < endless < 0.99


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -5.0, 1e300])
def test_senseless_features_are_no_features(value):
    senseless = np.full(12, value)

    assert judge(rise_ms=senseless, dur_ms=senseless, peak_db=senseless)[1] == judge()[1]


def test_what_the_laws_say_agrees_with_the_slow_sum():
    features, _ = made_incidents(PLAIN, 60, np.random.default_rng(8))
    for one in features:
        slow = kind_odds_by_words(one, LAWS)

        stated = sum(DEFAULT.judge(one).why.values())

        if abs(slow) < 3.0:  # beyond, misses are cut off at four sigma and the sum is bounded
            assert stated == pytest.approx(SUREST * np.tanh(slow / SUREST), abs=0.02)
        else:
            assert np.sign(stated) == np.sign(slow)


def test_rapid_fire_is_not_taken_for_a_string_by_its_rhythm_alone():
    sounds = {
        "rise_ms": np.full(12, 1.1),
        "dur_ms": np.full(12, 148.0),
        "centroid_hz": np.interp(DISTANCE, [100, 225, 400], [830, 615, 550]),
        "peak_db": 94.0 - 15.0 * np.log10(DISTANCE / 100.0),
    }

    assert judge(**sounds, rounds=np.arange(20) * 0.1)[0] == "gunfire"


def test_a_machine_is_even_where_a_string_is_not():
    even = judge(rise_ms=np.full(12, 1.5), rounds=np.arange(20) * 0.09)
    uneven = judge(rise_ms=np.full(12, 1.5), rounds=at_random(20, 0.09))

    assert even[0] == "gunfire"
    assert uneven[0] == "firework"


def test_a_metronome_that_goes_on_is_likely_a_building_site():
    kind, prob, _ = judge(
        rise_ms=np.full(12, 2.5), peak_db=np.full(12, 70.0), rounds=np.arange(30) * 0.8
    )

    assert (kind, prob < 0.15) == ("impulse", True)


def test_rhythm_by_hand():
    even = rhythm_features(np.array([0.0, 0.1, 0.2, 1.2, 1.3, 1.4]))

    assert even["rounds"] == 6.0
    assert even["median_gap_s"] == pytest.approx(0.1)
    assert even["gap_unevenness"] == pytest.approx(0.0, abs=1e-9)  # the pause does not count
    assert even["gap_spread"] == pytest.approx(np.log(10.0) / np.sqrt(5.0))
    assert rhythm_features(np.array([0.0, 1.0, 3.0, 7.0]))["gap_trend"] == pytest.approx(
        np.log(4.0)
    )
    assert np.isnan(
        [rhythm_features(np.zeros(1))[n] for n in ("median_gap_s", "least_gap_s")]
    ).all()
    assert np.isnan(rhythm_features(np.array([0.0, 1.0]))["gap_unevenness"])
