"""What each sensor kind may say."""

from __future__ import annotations

import math

import pytest

from sensors.kinds import KINDS, PULSES, Limits, Property, UnknownStateError, kind_of


def test_a_word_is_stored_as_its_place_among_the_states() -> None:
    power_state = KINDS["light"].observed("powerState")

    assert power_state is not None
    assert [power_state.number(word) for word in power_state.states] == [0.0, 1.0, 2.0, 3.0]


def test_a_word_that_is_unknown_is_refused_with_the_words_that_are_known() -> None:
    with pytest.raises(UnknownStateError, match="got 'blinking'; wanted off, on, low, bootingUp"):
        KINDS["light"].properties["powerState"].number("blinking")  # type: ignore[index]


@pytest.mark.parametrize("value", [-1.0, 0.5, 4.0])
def test_a_number_that_is_no_state_is_refused(value: float) -> None:
    with pytest.raises(UnknownStateError):
        KINDS["light"].properties["powerState"].number(value)  # type: ignore[index]


def test_a_word_where_a_number_is_wanted_is_refused() -> None:
    with pytest.raises(UnknownStateError, match="wanted a number"):
        KINDS["bin"].properties["fillingLevel"].number("full")  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "is_refused"), [(0.0, False), (1.0, False), (1.01, True), (-0.01, True)]
)
def test_limits_include_their_ends(value: float, is_refused: bool) -> None:
    level = KINDS["bin"].properties["fillingLevel"]  # type: ignore[index]

    assert (level.refusal(value) is not None) == is_refused


def test_not_a_number_is_within_no_limits() -> None:
    assert not Limits().hold(math.nan)


def test_a_generic_sensor_may_observe_anything() -> None:
    assert KINDS["generic"].observed("waterLevel") == Property()


def test_a_kind_without_a_row_is_generic() -> None:
    assert kind_of("barometer") is KINDS["generic"]


def test_only_acoustic_sensors_send_pulses() -> None:
    assert [name for name, kind in KINDS.items() if kind.message_kind == PULSES] == ["acoustic"]
