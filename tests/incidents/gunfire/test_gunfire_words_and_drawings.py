"""The pure half of the room: words, who fits, drawings. Numbers are checked by other means."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
import shapely

from incidents.gunfire.canvas import Feature, Frame, backdrop, ellipse, scale_bar
from incidents.gunfire.city_map import Mark, city_map
from incidents.gunfire.hearing import (
    HEARD,
    SET_ASIDE,
    SILENT,
    Hearing,
    Listener,
    PulseSeen,
    emissions_s,
    is_set_aside,
    speed_of_sound_mps,
    told_aside,
    told_rounds_s,
)
from incidents.gunfire.place_map import close_frame, close_map, hearing_map, wide_frame
from incidents.gunfire.timing import pulse_radius, record_section, residuals, section_summary
from incidents.gunfire.wording import (
    KINDS,
    changes,
    ellipse_axes_m,
    kind_with_probability,
    percent,
    place_doubt,
    rounds_in_words,
    terms,
    verdict,
)

C_MPS = 340.0


def test_the_ellipse_holds_95_of_100() -> None:
    """Against draws from the same covariance, by their distance in the ellipse's own axes."""
    cov = np.array([[30.0, 14.0], [14.0, 12.0]])
    long_m, short_m, direction_deg = ellipse_axes_m(30.0, 14.0, 12.0)

    draws = np.random.default_rng(1).multivariate_normal([0.0, 0.0], cov, size=200_000)
    turn = math.radians(direction_deg)
    along = draws @ [math.sin(turn), math.cos(turn)]
    across = draws @ [math.cos(turn), -math.sin(turn)]
    inside = (along / long_m) ** 2 + (across / short_m) ** 2 < 1.0
    assert inside.mean() == pytest.approx(0.95, abs=0.003)
    assert abs(np.corrcoef(along, across)[0, 1]) < 0.01


@pytest.mark.parametrize(
    ("cov", "direction_deg"), [((4.0, 0.0, 1.0), 90.0), ((1.0, 0.0, 4.0), 0.0), ((2.0, 1.0, 2.0), 45.0)]
)  # fmt: skip
def test_the_long_axis_points_where_the_doubt_is(
    cov: tuple[float, float, float], direction_deg: float
) -> None:
    assert ellipse_axes_m(*cov)[2] % 180.0 == pytest.approx(direction_deg)


def test_the_drawn_ellipse_has_its_true_size_and_direction() -> None:
    frame = Frame(-98.6, 39.8, 100.0)  # 5 units to the metre
    drawn = ellipse(frame, -98.6, 39.8, (9.0, 0.0, 1.0))

    rx, ry = (float(re.search(rf'{name}="([\d.]+)"', drawn)[1]) for name in ("rx", "ry"))  # type: ignore[index]
    assert (rx, ry) == (pytest.approx(5 * 3 * 2.4477, abs=0.1), pytest.approx(5 * 2.4477, abs=0.1))
    assert "translate(500.0 400.0) rotate(0.0)" in drawn
    assert ellipse(frame, -98.6, 39.8, (None, None, None)) == ""


def test_the_kinds_are_the_detectors() -> None:
    from sensors.detection.classification import KINDS as DETECTED

    assert KINDS == DETECTED


class TestWords:
    @pytest.mark.parametrize(
        ("kind", "probability", "kind_probs", "said"),
        [
            ("gunfire", 0.934, None, "Gunfire, 93%"),
            ("gunfire", 0.999, None, "Gunfire, over 99%"),
            ("gunfire", None, None, "Gunfire, probability not given"),
            ("gunfire", float("nan"), None, "Gunfire, probability not given"),
            ("firework", 0.12, {"firework": 0.71}, "Firework, 71% (gunfire 12%)"),
            ("impulse", 0.001, [0.001, 0.2, 0.799], "Impulse, 80% (gunfire under 1%)"),
            ("impulse", 0.2, None, "Impulse (gunfire 20%)"),
            ("impulse", 0.2, ["a", "b", "c"], "Impulse (gunfire 20%)"),
            ("firework", None, {"firework": None}, "Firework, probability not given"),
        ],
    )
    def test_a_kind_is_never_said_alone(
        self, kind: str, probability: float | None, kind_probs: Any, said: str
    ) -> None:
        assert kind_with_probability(kind, probability, kind_probs) == said

    def test_nothing_is_certain(self) -> None:
        assert percent(1.0) == "over 99%"
        assert percent(0.0) == "under 1%"

    def test_rounds(self) -> None:
        assert rounds_in_words(1, False) == "1 round"
        assert rounds_in_words(3, True) == "3 rounds"
        assert rounds_in_words(None, True) == "several rounds"
        assert rounds_in_words(None, False) == "1 round"

    def test_a_place_without_doubt_is_not_called_exact(self) -> None:
        assert place_doubt((None, None, None)) == "accuracy not given"
        assert place_doubt((9.0, 0.0, 1.0)) == "within 7 by 2 m (95%)"

    @pytest.mark.parametrize(
        ("log_odds", "said"),
        [
            (math.log(4.1), "clearly for gunfire (odds ×4.1)"),
            (-math.log(4.1), "clearly against gunfire (odds ÷4.1)"),
            (math.log(12), "strongly for gunfire (odds ×12.0)"),
            (-math.log(1.5), "slightly against gunfire (odds ÷1.5)"),
            (0.02, "says nothing either way"),
            (900.0, "strongly for gunfire (odds ×485165195.4)"),
        ],
    )
    def test_log_odds_in_words(self, log_odds: float, said: str) -> None:
        assert verdict(log_odds) == said

    def test_reasons_come_strongest_first_with_what_was_measured(self) -> None:
        told = terms(
            {
                "why": {"log_rise": -0.4, "rhythm": 2.0, "made_up": 0.1, "prior": float("nan")},
                "features": {"log_rise": math.log(2.5), "rounds": 3.0, "median_gap_s": 0.5},
            }
        )
        assert [(term.label, term.measured) for term in told] == [
            ("Rhythm of the rounds", "3 rounds, 0.50 s apart"),
            ("How fast the sound rises", "2.5 ms"),
            ("Made up", ""),
        ]
        assert told[0].share == 0.5
        assert 'class="lean__for" x="50.0" y="1" width="25.0"' in told[0].bar
        assert 'class="lean__against" x="45.0"' in told[1].bar

    def test_nothing_is_minus_zero(self) -> None:
        (term,) = terms({"why": {"level_excess_db": 1.0}, "features": {"level_excess_db": -0.01}})
        assert term.measured == "+0.0 dB against a pistol"

    def test_a_bar_never_leaves_its_box(self) -> None:
        (term,) = terms({"why": {"rhythm": -80.0}})
        assert term.share == -1.0

    def test_what_a_revision_changed(self) -> None:
        before = {
            "kind": "impulse", "probability": 0.3, "n_shots": 1, "lon": -98.6, "lat": 39.8,
            "participants": [{"sensor": "A"}, {"sensor": "B"}], "withdrawn_at": None,
            "core_version": "1",
        }  # fmt: skip
        after = before | {"kind": "gunfire", "probability": 0.9, "n_shots": 2, "lat": 39.8002,
                          "participants": [{"sensor": "A"}, {"sensor": "C"}], "core_version": "2"}  # fmt: skip
        assert changes(before, after) == [
            "Impulse (gunfire 30%) became Gunfire, 90%",
            "rounds 1 → 2",
            "sensors 2 → 2 (+ C, - B)",
            "moved 22 m",
            "detector 1 → 2",
        ]
        assert changes(before, before) == ["details below what is shown here"]
        gone = before | {"withdrawn_at": "2026-01-01T00:00:00+00:00"}
        assert changes(before, gone) == ["withdrawn: a rerun no longer finds it"]
        assert changes(gone, before) == ["found again"]
        assert changes({}, {}) == ["details below what is shown here"]


def listener(
    serial: str, x_m: float, y_m: float, late_ms: float = 0.0, *, rounds_s: tuple[float, ...] = (0.0, 0.7),
    state: str = HEARD,
) -> Listener:  # fmt: skip
    distance_m = math.hypot(x_m, y_m)
    pulses = tuple(
        PulseSeen(t_s + distance_m / C_MPS + late_ms / 1000.0, shot=number, residual_ms=late_ms, peak_db=80.0)
        for number, t_s in enumerate(rounds_s, start=1)
    )  # fmt: skip
    return Listener(serial, x_m, y_m, state, () if state == SILENT else pulses)


def scene() -> Hearing:
    listeners = (
        listener("A", 100.0, 0.0, 3.0),
        listener("B", 0.0, -200.0, -5.0),
        listener("C", -300.0, 40.0, 60.0, state=SET_ASIDE),
        listener("D", 310.0, 10.0, state=SILENT),
    )
    return Hearing(listeners, (0.0, 0.7), C_MPS)


class TestWhoFits:
    def test_rounds_are_found_again_from_arrivals_and_residuals(self) -> None:
        rounds_s = (0.0, 0.41, 1.9)
        heard = [
            listener(str(n), 90.0 * n, 170.0 - 20 * n, (-1) ** n * 1.5 * n, rounds_s=rounds_s)
            for n in range(1, 7)
        ]
        # One that was set aside has no say, however wrong it is.
        wrong = listener("X", 10.0, 10.0, rounds_s=(5.0, 6.0, 7.0), state=SET_ASIDE)

        assert emissions_s([*heard, wrong], c_mps=C_MPS) == pytest.approx(rounds_s, abs=1e-9)

    @pytest.mark.parametrize(
        ("participants", "aside"),
        [
            ([{"residual_s": 0.02}], False),
            ([{"residual_s": -0.03}], True),
            ([{"residual_s": 0.03}, {"residual_s": 0.01}, {"residual_s": 0.012}], False),
            ([{"residual_s": None}, {}], False),
        ],
    )
    def test_without_the_alerts_word_a_sensor_is_set_aside_by_the_locators_rule(
        self, participants: list[dict[str, Any]], aside: bool
    ) -> None:
        assert is_set_aside(participants) is aside

    def test_what_the_alert_says_of_rounds_and_outliers_goes_first(self) -> None:
        told = {"rounds_s": [0.0, 0.5], "residuals": {"set_aside": ["A", "B at -98.6 39.8"]}}
        assert told_rounds_s(told) == (0.0, 0.5)
        assert told_aside(told) == {"A", "B"}

    @pytest.mark.parametrize(
        "reasons", [{}, {"rounds_s": [], "residuals": []}, {"rounds_s": ["x"]}]
    )
    def test_what_it_does_not_say_is_not_known(self, reasons: dict[str, Any]) -> None:
        assert told_rounds_s(reasons) is None
        assert told_aside(reasons) is None

    def test_the_lateness_of_a_sensor_is_the_middle_of_its_rounds(self) -> None:
        pulses = tuple(
            PulseSeen(float(n), shot=n, residual_ms=late) for n, late in enumerate((1.0, 9.0, 2.0))
        )
        assert Listener("A", 3.0, 4.0, HEARD, pulses).residual_ms == 2.0
        assert Listener("A", 3.0, 4.0, HEARD, pulses).distance_m == 5.0
        assert Listener("A", 3.0, 4.0, SILENT).residual_ms is None

    @pytest.mark.parametrize(
        ("told", "c_mps"), [(335.5, 335.5), (None, 340.0), ("x", 340.0), (9e9, 340.0)]
    )
    def test_a_speed_of_sound_that_cannot_be_is_not_used(self, told: Any, c_mps: float) -> None:
        assert speed_of_sound_mps({"c_mps": told}) == c_mps


def drawn(svg: str) -> ET.Element:
    """Well-formed, with a name and a sentence."""
    root = ET.fromstring(svg)
    assert [child.tag.rpartition("}")[2] for child in root[:2]] == ["title", "desc"]
    assert root[0].text
    assert root[1].text
    return root


class TestTheRecordSection:
    def test_pulses_that_fit_lie_on_the_lines_of_sound(self) -> None:
        svg = record_section(scene())
        drawn(svg)
        lines = [
            tuple(map(float, re.findall(r"[\d.]+", d)))
            for d in re.findall(r'class="sound" d="([^"]+)"', svg)
        ]
        dots = re.findall(r'<title>(\w), [^<]*round (\d)[^<]*</title><circle class="pulse pulse--used" cx="([\d.]+)" cy="([\d.]+)"', svg)  # fmt: skip
        assert len(lines) == 2
        assert len(dots) == 4
        seconds_a_unit = None
        for serial, number, x, y in dots:
            x0, y0, x1, y1 = lines[int(number) - 1]
            on_line = x0 + (x1 - x0) * (float(y) - y0) / (y1 - y0)
            late_s = {"A": 0.003, "B": -0.005}[serial]
            # The scale from the lines themselves: the second began 0.7 s after the first.
            seconds_a_unit = 0.7 / (lines[1][0] - lines[0][0])
            assert (float(x) - on_line) * seconds_a_unit == pytest.approx(late_s, abs=0.002)

    def test_who_was_silent_is_missed_once_a_round(self) -> None:
        svg = record_section(scene())
        assert len(re.findall(r"<title>D, 310 m: silent</title>", svg)) == 2
        assert len(re.findall(r'class="pulse pulse--aside"', svg)) == 2

    def test_the_sentence_counts_what_is_drawn(self) -> None:
        assert section_summary(scene()) == (
            "4 pulses of 2 sensors lie along 2 lines of sound at 340 metres a second, the worst 5.0 ms off."
        )

    def test_an_echo_is_a_mark_and_not_a_round(self) -> None:
        heard = Listener("A", 100.0, 0.0, HEARD, (PulseSeen(0.3, peak_db=60.0),))
        svg = record_section(Hearing((heard,), (), C_MPS))
        assert "A, 100 m: not used, 0.30 s, 60 dB" in svg
        assert "pulse--other" in svg

    def test_thirty_rounds_are_not_thirty_numbers(self) -> None:
        rounds_s = tuple(0.1 * n for n in range(30))
        svg = record_section(
            Hearing((listener("A", 100.0, 0.0, rounds_s=rounds_s),), rounds_s, C_MPS)
        )
        assert len(re.findall(r'class="sound"', svg)) == 30
        assert 0 < len(re.findall(r'class="round"', svg)) <= 8

    def test_louder_is_larger_and_unknown_is_between(self) -> None:
        assert pulse_radius(60.0) < pulse_radius(None) < pulse_radius(110.0)
        assert pulse_radius(-900.0) == pulse_radius(60.0)

    def test_lateness_by_sensor_in_order_of_distance(self) -> None:
        svg = residuals(scene())
        root = drawn(svg)
        names = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text") if t.text in "ABCD"]
        assert names == ["A", "B", "C"]
        xs = {
            serial: float(x)
            for serial, x in re.findall(
                r"<title>(\w), [^<]*</title><circle[^>]* cx=\"([\d.]+)\"", svg
            )
        }
        middle = float(re.search(r'class="axis" d="M([\d.]+) ', svg)[1])  # type: ignore[index]
        assert (xs["A"] - middle) / (xs["B"] - middle) == pytest.approx(-3.0 / 5.0, abs=0.03)
        assert "Set aside: C." in svg


class TestMaps:
    def test_what_is_north_is_up_and_what_is_east_is_right(self) -> None:
        frame = Frame(-98.6, 39.8, 500.0)
        x, y = frame.from_degrees(-98.599, 39.801)
        assert x > 500
        assert y < 400
        assert frame.from_m(100.0, 50.0) == (600.0, 350.0)
        west, south, east, north = frame.bounds
        assert frame.from_degrees(west, north) == pytest.approx((0.0, 0.0), abs=1e-6)
        assert frame.from_degrees(east, south) == pytest.approx((1000.0, 800.0), abs=1e-6)

    def test_the_whole_city_fits(self) -> None:
        shapes = [shapely.box(-98.7, 39.7, -98.6, 39.72), shapely.box(-98.65, 39.6, -98.64, 39.9)]
        frame = Frame.over(Feature("district", "", shape) for shape in shapes)
        assert frame is not None
        for shape in shapes:
            corners = frame.units(shapely.get_coordinates(shape))
            assert (corners >= 0).all()
            assert (corners <= [1000, 800]).all()
        assert Frame.over([]) is None

    @pytest.mark.parametrize(
        ("half_m", "label"), [(60.0, "20 m"), (400.0, "200 m"), (5_000.0, "2 km")]
    )
    def test_the_scale_is_round_and_right(self, half_m: float, label: str) -> None:
        bar = scale_bar(Frame(0.0, 0.0, half_m))
        start, end = (float(v) for v in re.search(r"M(\d+) \d+V\d+H(\d+)", bar).groups())  # type: ignore[union-attr]
        number, unit = label.split()
        metres = float(number) * (1000 if unit == "km" else 1)
        assert f">{label}<" in bar
        assert (end - start) / 1000 * 2 * half_m == pytest.approx(metres, rel=0.02)

    def test_streets_are_cut_at_the_frame_and_named(self) -> None:
        frame = Frame(-98.6, 39.8, 500.0)
        street = Feature(
            "street", "Elm <Street>", shapely.LineString([(-98.7, 39.8), (-98.5, 39.8)])
        )
        away = Feature("street", "Far Street", shapely.LineString([(-98.7, 39.9), (-98.5, 39.9)]))
        under = backdrop(frame, [street, away])
        assert "Elm &lt;Street&gt;" in under
        assert "Far Street" not in under
        numbers = [int(v) for v in re.findall(r"-?\d+", re.search(r'd="([^"]+)"', under)[1])]  # type: ignore[index]
        assert min(numbers) >= -10
        assert max(numbers) <= 1010

    def test_marks_tell_kind_by_shape_and_review_by_filling(self) -> None:
        frame = Frame(-98.6, 39.8, 5_000.0)
        kinds = ("gunfire", "firework", "impulse")
        marks = [
            Mark(f"/{kind}/", f"{kind} <&>", kind, -98.6, 39.8, (9.0, 0.0, 4.0), kind == "firework")
            for kind in kinds
        ] + [Mark("/far/", "far", "gunfire", 10.0, 10.0, (None, None, None), False)]
        svg = city_map(frame, marks, under="", span="the last 12 hours")
        root = drawn(svg)
        assert root.attrib["role"] == "group"
        links = root.findall("{http://www.w3.org/2000/svg}a")
        assert [link.attrib["href"] for link in links] == ["/far/", "/impulse/", "/firework/", "/gunfire/"]  # fmt: skip
        shapes = [link[-1].tag.rpartition("}")[2] for link in links]
        assert shapes == ["circle", "rect", "path", "circle"]
        assert "alert--reviewed" in links[2][-1].attrib["class"]
        assert links[0][-1].attrib["cx"] == "980.0"  # far outside is shown at the edge

    def test_who_heard_an_alert_is_drawn_where_they_stand(self) -> None:
        frame = Frame(-98.6, 39.8, 5_000.0)
        lon, lat = frame.plane.to_lonlat(1_000.0, 500.0)
        mark = Mark(
            "/1/",
            "one",
            "gunfire",
            -98.6,
            39.8,
            (None, None, None),
            False,
            ((float(lon), float(lat)),),
        )
        svg = city_map(frame, [mark], under="", span="the last 12 hours")
        drawn(svg)
        assert 'class="ray" d="M500 400L600 350"' in svg
        assert 'class="heard" d="M600 350h0"' in svg

    def test_the_close_map_shows_the_whole_ellipse(self) -> None:
        for long_var in (1.0, 900.0, 40_000.0):
            frame = close_frame(-98.6, 39.8, (long_var, 0.0, 1.0))
            long_m = ellipse_axes_m(long_var, 0.0, 1.0)[0]
            assert frame.half_m >= min(long_m, 500.0)
        drawn(close_map(frame, (None, None, None), under="", houses=[], found=[], title="Where"))

    def test_the_hearing_map_holds_every_sensor(self) -> None:
        hearing = scene()
        frame = wide_frame(-98.6, 39.8, hearing)
        svg = hearing_map(frame, (9.0, 0.0, 4.0), hearing, under="", houses=[], found=[])
        drawn(svg)
        for one in hearing.listeners:
            x, y = frame.from_m(one.x_m, one.y_m)
            assert 0 <= x <= 1000
            assert 0 <= y <= 800
            assert f"<title>{one.serial}: {one.state}" in svg
        assert "2 heard, 1 set aside, 1 silent" in svg
