"""Daylight's own wire format: pulses and observations, one, many in JSON, or one per line.

A body is JSON (one message, an array, or ``{"messages": [...]}``) or NDJSON. A body that is
neither is refused whole with :class:`PayloadError`; a message that is not as it should be is a
:class:`Fault` beside its good neighbours, so that one bad reading never costs the other 999.
The good case is decoded in one call; messages are looked at one by one only where that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from sensors.kinds import OBSERVATIONS, PULSE_LIMITS, PULSES, MessageKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INT64_MAX = 2**63 - 1

JSON = "application/json"
NDJSON = "application/x-ndjson"
CONTENT_TYPES = {
    JSON: JSON,
    NDJSON: NDJSON,
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "application/x-jsonlines": NDJSON,
}

MALFORMED = "malformed"
OUT_OF_LIMITS = "out_of_limits"
NOT_JSON = "not_json"


class PayloadError(ValueError):
    """The whole body cannot be read; the message is one sentence for whoever sent it."""


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
TimeNs = Annotated[int, msgspec.Meta(ge=-INT64_MAX, le=INT64_MAX)]


def _limits(name: str) -> msgspec.Meta:
    limits = PULSE_LIMITS[name]
    return msgspec.Meta(ge=limits.low, le=limits.high)


class Pulse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One impulse heard by one acoustic sensor.

    Exactly one of ``t_ns`` (integer nanoseconds since 1970 UTC) and ``t`` (ISO 8601 with zone,
    read to the microsecond) says when the impulse began at the microphone.
    """

    sensor: Name
    pulse_id: Name
    t_ns: TimeNs | None = None
    t: Instant | None = None
    peak_db: Annotated[float, _limits("peak_db")] | None = None
    snr_db: Annotated[float, _limits("snr_db")] | None = None
    rise_ms: Annotated[float, _limits("rise_ms")] | None = None
    dur_ms: Annotated[float, _limits("dur_ms")] | None = None
    centroid_hz: Annotated[float, _limits("centroid_hz")] | None = None

    def __post_init__(self) -> None:
        if (self.t_ns is None) == (self.t is None):
            raise ValueError("got neither or both of `t_ns` and `t`; wanted one of them")
        if "\0" in self.sensor or "\0" in self.pulse_id:
            raise ValueError("got a NUL character in a name; wanted text")

    @property
    def at_ns(self) -> int:
        """Nanoseconds since 1970 UTC, whichever way the time was written."""
        return self.t_ns if self.t is None else since_epoch_ns(self.t)  # type: ignore[return-value]


class Observation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One reading of one property. ``value`` is a number, or a word that the sensor's kind knows."""

    sensor: Name
    property: Name
    t: Instant
    value: float | str

    def __post_init__(self) -> None:
        if "\0" in self.sensor or "\0" in self.property:
            raise ValueError("got a NUL character in a name; wanted text")


Message = Pulse | Observation
_ONE: dict[MessageKind, msgspec.json.Decoder[Any]] = {
    PULSES: msgspec.json.Decoder(Pulse),
    OBSERVATIONS: msgspec.json.Decoder(Observation),
}
_MANY: dict[MessageKind, msgspec.json.Decoder[Any]] = {
    PULSES: msgspec.json.Decoder(list[Pulse]),
    OBSERVATIONS: msgspec.json.Decoder(list[Observation]),
}


class _Envelope(msgspec.Struct):
    messages: list[msgspec.Raw]


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder()


class Fault(msgspec.Struct, frozen=True):
    """A message that cannot be used: its place in the body, a countable reason, the detail, itself."""

    position: int
    reason: str
    detail: str
    raw: str


@dataclass(frozen=True)
class Parsed:
    """What a body held. ``messages`` are (position, message), in the order they were sent."""

    messages: list[tuple[int, Message]]
    faults: list[Fault]

    def __len__(self) -> int:
        return len(self.messages) + len(self.faults)


def parse(kind: MessageKind, body: bytes, content_type: str = JSON) -> Parsed:
    """Read a body. Raises PayloadError where it is not JSON (or NDJSON) at all, or holds nothing."""
    is_lines = CONTENT_TYPES.get(content_type, JSON) == NDJSON
    try:
        decoded = _ONE[kind].decode_lines(body) if is_lines else _MANY[kind].decode(body)
        parsed = Parsed(list(enumerate(decoded)), [])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        parsed = _one_by_one(kind, split(body, content_type))
    if not len(parsed):
        raise PayloadError("the body holds no message; wanted at least one")
    return parsed


def split(body: bytes, content_type: str = JSON) -> list[bytes]:
    """The messages of a body, each still as bytes. Raises PayloadError where it is not JSON at all."""
    if CONTENT_TYPES.get(content_type, JSON) == NDJSON:
        return _lines(body)
    for decoder in (_ARRAY, _ENVELOPE):
        try:
            found = decoder.decode(body)
        except RecursionError:
            raise PayloadError("the body is nested too deep; wanted flat messages") from None
        except msgspec.ValidationError:
            continue  # JSON of another shape
        except msgspec.DecodeError as error:
            raise PayloadError(f"the body is not JSON: {error}") from None
        raws = found if isinstance(found, list) else found.messages
        return [bytes(raw) for raw in raws]
    if not _is_json(body):
        raise PayloadError("the body is not JSON; wanted one message, an array, or lines of NDJSON")
    return [body]


def _lines(body: bytes) -> list[bytes]:
    lines = [line for line in body.splitlines() if line.strip()]
    if lines and not any(_is_json(line) for line in lines):
        raise PayloadError("no line of the body is JSON; wanted one message per line")
    return lines


def _is_json(line: bytes) -> bool:
    try:
        _ANY.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _one_by_one(kind: MessageKind, raws: list[bytes]) -> Parsed:
    parsed = Parsed([], [])
    for position, raw in enumerate(raws):
        try:
            parsed.messages.append((position, _ONE[kind].decode(raw)))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            parsed.faults.append(_fault(position, raw, str(error)))
    return parsed


def _fault(position: int, raw: bytes, detail: str) -> Fault:
    beyond = "range" in detail or " >= " in detail or " <= " in detail
    is_length = "of length" in detail
    reason = OUT_OF_LIMITS if beyond and not is_length else MALFORMED
    return Fault(position, reason, detail, readable(raw))


def readable(raw: bytes) -> str:
    """Bytes as text that a database can keep, whatever a broken device sent."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def encode(messages: Iterable[Message]) -> bytes:
    """A JSON array of messages."""
    return msgspec.json.encode(list(messages))


def encode_lines(messages: Iterable[Message]) -> bytes:
    """The same as NDJSON."""
    return msgspec.json.Encoder().encode_lines(messages)


def since_epoch_ns(instant: datetime) -> int:
    """Nanoseconds since 1970 UTC of an aware instant, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1) * 1000


def from_table(rows: Iterable[dict[str, str]]) -> Iterator[bytes]:
    """One JSON message per row of a text table whose columns bear the wire names.

    Empty cells are left out; a cell that should be a number and is not stays a text, so that
    the parser refuses it with its reason and the row is not lost.
    """
    texts = {"sensor", "pulse_id", "property", "t"}
    for row in rows:
        message = {name: text for name, text in row.items() if name and text not in ("", None)}
        for name in message.keys() - texts:
            message[name] = _number_or_text(message[name])  # type: ignore[assignment]
        yield msgspec.json.encode(message)


def _number_or_text(text: str) -> float | int | str:
    for number in (int, float):
        try:
            value = number(text)
        except ValueError:
            continue
        return value if -INT64_MAX <= value <= INT64_MAX else text
    return text
