"""Our own wire format: what is read, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.kinds import PULSE_LIMITS, MessageKind
from sensors.payloads import daylight
from sensors.payloads.daylight import JSON, NDJSON, Observation, PayloadError, Pulse, parse

names = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=64
)
instants = st.datetimes(
    min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)


def within(name: str) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(*PULSE_LIMITS[name])


pulses = st.builds(
    Pulse,
    sensor=names,
    pulse_id=names,
    t_ns=st.integers(-(2**63) + 1, 2**63 - 1),
    **{name: within(name) for name in PULSE_LIMITS},
)
observations = st.builds(
    Observation,
    sensor=names,
    property=names,
    t=instants,
    value=st.floats(allow_nan=False, allow_infinity=False) | names,
)


@given(st.lists(pulses, min_size=1, max_size=5), st.sampled_from([JSON, NDJSON]))
def test_pulses_come_back_as_they_were(sent: list[Pulse], content_type: str) -> None:
    write = daylight.encode if content_type == JSON else daylight.encode_lines

    parsed = parse("pulses", write(sent), content_type)

    assert (parsed.messages, parsed.faults) == (list(enumerate(sent)), [])


@given(st.lists(observations, min_size=1, max_size=5), st.sampled_from([JSON, NDJSON]))
def test_observations_come_back_as_they_were(sent: list[Observation], content_type: str) -> None:
    write = daylight.encode if content_type == JSON else daylight.encode_lines

    parsed = parse("observations", write(sent), content_type)

    assert (parsed.messages, parsed.faults) == (list(enumerate(sent)), [])


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["sensor", "t", "value", "messages", "property"]), inner
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["pulses", "observations"]),
    st.sampled_from([JSON, NDJSON]),
)
def test_any_body_is_read_or_refused_and_never_crashes(
    body: bytes, kind: MessageKind, content_type: str
) -> None:
    try:
        parsed = parse(kind, body, content_type)
    except PayloadError:
        return

    assert len(parsed) == len(daylight.split(body, content_type)) > 0


GOOD = {"sensor": "MIC-1", "pulse_id": "a", "t_ns": 1_773_527_000_000_000_000}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(GOOD),
        json.dumps([GOOD]),
        json.dumps({"messages": [GOOD]}),
        "\n" + json.dumps(GOOD) + "\n\n",
    ],
)
def test_one_message_may_be_alone_in_an_array_or_in_an_envelope(body: str) -> None:
    parsed = parse("pulses", body.encode())

    assert [message.sensor for _, message in parsed.messages] == ["MIC-1"]


def test_an_iso_time_with_zone_is_the_same_instant() -> None:
    body = {"sensor": "M", "pulse_id": "a", "t": "2026-03-14T18:23:20.000123-04:00"}

    [(_, pulse)] = parse("pulses", json.dumps(body).encode()).messages

    assert isinstance(pulse, Pulse)
    assert pulse.at_ns == 1_773_527_000_000_123_000


@given(instants)
def test_nanoseconds_since_1970_are_exact(instant: datetime) -> None:
    microseconds = daylight.since_epoch_ns(instant) // 1000

    assert daylight.EPOCH + timedelta(microseconds=microseconds) == instant


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"t": "2026-03-14T22:23:20Z"}, "malformed", "neither or both"),
        ({"t_ns": None}, "malformed", "neither or both"),
        ({"t_ns": None, "t": "2026-03-14T22:23:20"}, "malformed", "timezone"),
        ({"t_ns": None, "t": "yesterday"}, "malformed", "RFC3339"),
        ({"t_ns": 1.5}, "malformed", "Expected `int"),
        ({"t_ns": 2**63}, "out_of_limits", "<="),
        ({"t_ns": -(2**63)}, "out_of_limits", ">="),
        ({"sensor": ""}, "malformed", "length"),
        ({"sensor": "x" * 65}, "malformed", "length"),
        ({"pulse_id": "a\0b"}, "malformed", "NUL"),
        ({"pulse_id": 7}, "malformed", "Expected `str`"),
        ({"peak_db": 194.1}, "out_of_limits", "peak_db"),
        ({"rise_ms": -1}, "out_of_limits", "rise_ms"),
        ({"snr_db": "loud"}, "malformed", "snr_db"),
    ],
)
def test_a_bad_message_is_a_fault_and_its_neighbours_are_read(
    change: dict[str, object], reason: str, detail: str
) -> None:
    body = json.dumps([GOOD, GOOD | change, GOOD]).encode()

    parsed = parse("pulses", body)

    assert [position for position, _ in parsed.messages] == [0, 2]
    [fault] = parsed.faults
    assert (fault.position, fault.reason) == (1, reason)
    assert detail in fault.detail
    assert json.loads(fault.raw) == GOOD | change


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_that_is_not_finite_is_out_of_limits(number: str) -> None:
    body = (
        b'[{"sensor":"b","property":"p","t":"2026-03-14T22:23:20Z","value":'
        + number.encode()
        + b"}]"
    )

    [fault] = parse("observations", body).faults

    assert fault.reason == "out_of_limits"


def test_text_that_is_not_utf8_is_kept_readable() -> None:
    [fault] = parse("pulses", b'[{"sensor":"\xff","pulse_id":"a","t_ns":1}]').faults

    assert "\\xff" in fault.raw


def test_a_line_that_is_cut_short_costs_only_itself() -> None:
    body = json.dumps(GOOD).encode() + b'\n{"sensor":"MIC-1","pul'

    parsed = parse("pulses", body, NDJSON)

    assert (len(parsed.messages), len(parsed.faults)) == (1, 1)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", JSON),
        (b"pulses!", JSON),
        (b'[{"sensor":', JSON),
        (b"[]", JSON),
        (b'{"messages":[]}', JSON),
        (b"\n\n", NDJSON),
        (b"not\njson", NDJSON),
        (b"[" * 100_000, JSON),
        (b"[" * 100_000 + b"]" * 100_000, JSON),
    ],
)
def test_a_body_that_holds_no_message_is_refused_whole(body: bytes, content_type: str) -> None:
    with pytest.raises(PayloadError):
        parse("pulses", body, content_type)


def test_a_table_becomes_messages_and_its_bad_cells_faults() -> None:
    rows = [
        {
            "sensor": "0042",
            "pulse_id": "7",
            "t_ns": "1773527000000000000",
            "peak_db": "80.5",
            "snr_db": "",
        },
        {"sensor": "0042", "pulse_id": "8", "t_ns": "soon", "peak_db": "", "snr_db": ""},
        {
            "sensor": "0042",
            "pulse_id": "9",
            "t_ns": "1773527000000000001",
            "peak_db": "inf",
            "snr_db": "",
        },
    ]

    parsed = parse("pulses", b"\n".join(daylight.from_table(rows)), NDJSON)

    assert parsed.messages == [
        (0, Pulse(sensor="0042", pulse_id="7", t_ns=1_773_527_000_000_000_000, peak_db=80.5))
    ]
    assert [fault.position for fault in parsed.faults] == [1, 2]
