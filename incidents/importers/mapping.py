"""The mapping: how one publisher's files become our records. A TOML file, checked whole when read.

`docs/adopt.md` describes every key. A new city writes one of these and no code.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyproj

from incidents.codes import CATEGORIES, TIERS, strictest
from incidents.importers.dates import DateFormat, DateFormatError
from incidents.importers.errors import MappingError
from incidents.importers.quality import LIMITS
from incidents.importers.shapes import CODE_FIELD, FIELDS, ID_FIELD, PAIRS, Kind, Reading
from incidents.importers.words import WordTable, matcher

WGS84 = "EPSG:4326"


@dataclass(frozen=True)
class Column:
    """A value made of columns of the file, or a constant."""

    columns: tuple[str, ...] = ()
    join: str = " "
    prefix: str = ""
    pad: int = 0  # zeros on the left up to this many characters: spreadsheets drop them
    constant: str | None = None


@dataclass(frozen=True)
class Origin:
    """Where a field comes from: the first of several columns that the file has and the row fills."""

    alternatives: tuple[Column, ...]


@dataclass(frozen=True)
class Code:
    """What a local code means to us."""

    category: str
    tier: str
    shooting: bool = False  # a record of it confirms that shots were fired


@dataclass(frozen=True)
class Rule:
    """What follows when columns of a row hold certain words: a flag, a stricter tier, a refusal."""

    when: tuple[tuple[str, re.Pattern[str]], ...]
    flag: str = ""
    tier: str = ""
    category: str = ""
    shooting: bool | None = None
    skip: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Mapping:
    """Everything the importer needs to know about one source."""

    source: str
    kind: Kind
    columns: Map[str, Origin]
    title: str = ""
    zone: str = "UTC"
    encoding: str = ""  # "": UTF-8, and Latin-1 where it is not that
    delimiter: str = ""  # "": what the header has most of
    sheet: str = ""
    null: frozenset[str] = frozenset()
    repeats: str = "refuse"  # or "number": one row for each victim under one number
    missing_id: str = "refuse"  # or "content": a number made of what the row says
    dates: tuple[DateFormat, ...] = ()
    crs: str = WGS84
    codes: WordTable[Code] = field(default_factory=lambda: WordTable({}))
    values: Map[str, WordTable[str]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    checks: Map[str, float] = field(default_factory=dict)
    parent_kind: str = ""  # areas: which kind contains them
    address_kind: str = "point"
    persons_per_address: float = 2.5
    dispositions: WordTable[str] = field(default_factory=lambda: WordTable({}))
    officers_per_unit: float | None = None
    sha256: str = ""

    @property
    def id_field(self) -> str:
        return ID_FIELD[self.kind]


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file, or a MappingError with the file's name and what is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}; wanted a mapping file") from error
    try:
        return parse_mapping(content)
    except MappingError as error:
        raise MappingError(f"{path.name}: {error}") from error


def parse_mapping(content: bytes) -> Mapping:
    """As :func:`read_mapping`, from the bytes."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"not valid TOML: {error}") from error
    kind = _one_of(table, "kind", [str(kind) for kind in Kind])
    values: dict[str, Any] = {
        "source": _source(table.get("source")),
        "kind": Kind(kind),
        "sha256": hashlib.sha256(content).hexdigest(),
        "columns": _columns(table, Kind(kind)),
    }
    readers = {
        "title": _text, "zone": _zone, "file": _file, "dates": _dates, "coordinates": _coordinates,
        "codes": _codes, "values": _values, "rules": _rules, "checks": _checks,
        "areas": _areas, "addresses": _addresses, "dispositions": _dispositions,
        "responses": _responses,
    }  # fmt: skip
    known = {"source", "kind", "columns", *readers}
    if unknown := sorted(set(table) - known):
        raise MappingError(
            f"got the keys {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}"
        )
    for name, read in readers.items():
        if name in table:
            values |= read(table, Kind(kind))
    if "n_units" in values["columns"] and "officers_per_unit" not in values:
        raise MappingError("n_units: wanted also officers_per_unit in [responses]")
    return Mapping(**values)


def _source(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise MappingError(f"source: got {name!r}; wanted a short name such as 'denver-crime'")
    if len(name) > 32:
        raise MappingError(f"source: got {len(name)} characters; wanted at most 32")
    return name


def _one_of(table: Map[str, Any], key: str, wanted: list[str], default: str = "") -> str:
    value = table.get(key, default)
    if value not in wanted:
        raise MappingError(f"{key}: got {value!r}; wanted one of {', '.join(wanted)}")
    return str(value)


def _only(table: Any, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise MappingError(f"{where}: got {table!r}; wanted a table")
    if unknown := sorted(set(table) - known):
        raise MappingError(
            f"{where}: got {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}"
        )
    return table


def _text(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    return {"title": str(table["title"])}


def _zone(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    return {"zone": _known_zone(table["zone"])}


def _known_zone(name: Any) -> str:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingError(f"zone: got {name!r}; wanted a name as 'America/Chicago'") from error
    return str(name)


def _file(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    known = {"encoding", "delimiter", "sheet", "null", "repeats", "missing_id"}
    options = _only(table["file"], "[file]", known)
    values: dict[str, Any] = {
        name: str(options[name]) for name in ("encoding", "delimiter", "sheet") if name in options
    }
    try:
        "".encode(values.get("encoding") or "utf-8")
    except LookupError as error:
        raise MappingError(f"[file] encoding: got {options['encoding']!r}, unknown") from error
    if len(values.get("delimiter", ",")) > 1:
        raise MappingError(f"[file] delimiter: got {options['delimiter']!r}; wanted one character")
    values["repeats"] = _one_of(options, "repeats", ["refuse", "number"], "refuse")
    values["missing_id"] = _one_of(options, "missing_id", ["refuse", "content"], "refuse")
    values["null"] = frozenset(map(str, options.get("null", [])))
    return values


def _columns(table: Map[str, Any], kind: Kind) -> dict[str, Origin]:
    fields = FIELDS[kind]
    given = _only(table.get("columns", {}), "[columns]", set(fields))
    columns = {name: _origin(value, f"[columns] {name}") for name, value in given.items()}
    needed = [name for name, field_ in fields.items() if field_.needs_column]
    if missing := [name for name in needed if name not in columns]:
        raise MappingError(f"[columns]: got no {', '.join(missing)}; wanted a column for each")
    for pair in PAIRS:
        if (pair[0] in columns) != (pair[1] in columns):
            raise MappingError(f"[columns]: got only one of {' and '.join(pair)}; wanted both")
    return columns


def _origin(value: Any, where: str) -> Origin:
    alternatives = value if isinstance(value, list) else [value]
    if not alternatives:
        raise MappingError(f"{where}: got an empty list; wanted at least one column")
    return Origin(tuple(_column(alternative, where) for alternative in alternatives))


def _column(value: Any, where: str) -> Column:
    if isinstance(value, str):
        return Column(columns=(value,))
    options = _only(value, where, {"column", "columns", "join", "prefix", "pad", "constant"})
    if "constant" in options:
        return Column(constant=str(options["constant"]))
    names = options.get("columns", [options["column"]] if "column" in options else [])
    if not names or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise MappingError(f"{where}: got {value!r}; wanted a column name, several, or a constant")
    return Column(
        columns=tuple(names),
        join=str(options.get("join", " ")),
        prefix=str(options.get("prefix", "")),
        pad=int(options.get("pad", 0)),
    )


def _dates(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    given = _only(table["dates"], "[dates]", {"formats"}).get("formats", [])
    formats = []
    for value in given if isinstance(given, list) else [given]:
        options = {"format": value} if isinstance(value, str) else value
        options = _only(options, "[dates] formats", {"format", "zone"})
        zone = _known_zone(options["zone"]) if "zone" in options else None
        try:
            formats.append(DateFormat(str(options.get("format", "")), zone))
        except DateFormatError as error:
            raise MappingError(f"[dates] formats: {error}") from error
    return {"dates": tuple(formats)}


def _coordinates(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    crs = str(_only(table["coordinates"], "[coordinates]", {"crs"}).get("crs", WGS84))
    try:
        pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise MappingError(f"[coordinates] crs: got {crs!r}; wanted one as 'EPSG:2226'") from error
    return {"crs": crs}


def _codes(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    if kind not in CODE_FIELD:
        raise MappingError(f"[codes]: {kind} have no codes; use [values] instead")
    rows = {}
    for word, value in _only(table["codes"], "[codes]", set(table["codes"])).items():
        where = f"[codes] {word!r}"
        options = {"category": value} if isinstance(value, str) else value
        options = _only(options, where, {"category", "tier", "shooting"})
        rows[word] = _code(options, where)
    return {"codes": WordTable(rows)}


def _code(options: Map[str, Any], where: str) -> Code:
    category = CATEGORIES.get(options.get("category", ""))
    if category is None:
        wanted = ", ".join(CATEGORIES)
        raise MappingError(f"{where}: got category {options.get('category')!r}; wanted {wanted}")
    tier = options.get("tier", category.tier)
    if tier not in TIERS:
        raise MappingError(f"{where}: got tier {tier!r}; wanted one of {', '.join(TIERS)}")
    if strictest(tier, category.tier) != tier:
        raise MappingError(
            f"{where}: got tier {tier}; {category.slug} is at least tier {category.tier}"
        )
    return Code(category.slug, tier, _yes_or_no(options, where))


def _yes_or_no(options: Map[str, Any], where: str) -> bool:
    value = options.get("shooting", False)
    if not isinstance(value, bool):
        raise MappingError(f"{where} shooting: got {value!r}; wanted true or false")
    return value


def _values(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    translations = _only(table["values"], "[values]", set(FIELDS[kind]))
    result = {}
    for name, words in translations.items():
        rows = _only(words, f"[values.{name}]", set(words))
        if FIELDS[kind][name].reading in (Reading.INSTANT, Reading.POSITION):
            raise MappingError(f"[values.{name}]: dates and positions cannot be translated")
        result[name] = WordTable({word: str(value) for word, value in rows.items()})
    return {"values": result}


# What a rule may do to rows of each kind; areas are too few to need any.
_EFFECTS = {
    Kind.INCIDENTS: ("flag", "tier", "category", "shooting", "skip"),
    Kind.CALLS: ("tier", "category", "shooting", "skip"),
    Kind.ACOUSTIC_EVENTS: ("skip",),
    Kind.ALERT_RESPONSES: ("skip",),
    Kind.ADDRESSES: ("skip",),
}


def _rules(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    rules = table["rules"]
    if not isinstance(rules, list):
        raise MappingError("rules: wanted [[rules]], a list of tables")
    if kind not in _EFFECTS:
        raise MappingError(f"rules: {kind} take none")
    effects = _EFFECTS[kind]
    return {
        "rules": tuple(_rule(rule, f"[[rules]] {n}", effects) for n, rule in enumerate(rules, 1))
    }


def _rule(rule: Any, where: str, effects: tuple[str, ...]) -> Rule:
    rule = _only(rule, where, {"when", "detail", *effects})
    when = _only(rule.get("when", {}), f"{where} when", set(rule.get("when", {})))
    if not when or not any(rule.get(name) not in ("", None) for name in effects):
        raise MappingError(f"{where}: wanted `when` and one of {', '.join(effects)}")
    if rule.get("tier") and rule["tier"] not in TIERS:
        raise MappingError(f"{where}: got tier {rule['tier']!r}; wanted {', '.join(TIERS)}")
    if rule.get("category") and rule["category"] not in CATEGORIES:
        raise MappingError(f"{where}: got category {rule['category']!r}, unknown")
    for name in ("flag", "skip"):
        if not re.fullmatch(r"[a-z0-9-]{0,40}", rule.get(name, "")):
            raise MappingError(f"{where} {name}: got {rule[name]!r}; wanted a word as 'test-row'")
    conditions = []
    for column, words in when.items():
        patterns = words if isinstance(words, list) else [words]
        conditions.append((column, matcher(map(str, patterns))))
    texts = {name: rule.get(name, "") for name in ("flag", "tier", "category", "skip", "detail")}
    shooting = _yes_or_no(rule, where) if "shooting" in rule else None
    return Rule(when=tuple(conditions), shooting=shooting, **texts)


def _checks(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    limits = _only(table["checks"], "[checks]", set(LIMITS))
    for name, value in limits.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise MappingError(f"[checks] {name}: got {value!r}; wanted a number of at least 0")
    return {"checks": {name: float(value) for name, value in limits.items()}}


def _areas(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    options = _only(table["areas"], "[areas]", {"parent_kind"})
    return {"parent_kind": str(options.get("parent_kind", ""))}


def _addresses(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    options = _only(table["addresses"], "[addresses]", {"kind", "persons_per_address"})
    persons = float(options.get("persons_per_address", 2.5))
    if not 1 <= persons <= 20:
        raise MappingError(f"[addresses] persons_per_address: got {persons}; wanted 1 to 20")
    kind_ = _one_of(options, "kind", ["point", "street-range", "block"], "point")
    return {"address_kind": kind_, "persons_per_address": persons}


DISPOSITIONS = ("evidence", "unconfirmed", "unfounded", "unknown")


def _dispositions(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    if kind != Kind.ALERT_RESPONSES:
        raise MappingError(f"[dispositions]: {kind} have none; use [values.disposition] instead")
    rows = _only(table["dispositions"], "[dispositions]", set(table["dispositions"]))
    for word in rows:
        _one_of(rows, word, list(DISPOSITIONS))
    return {"dispositions": WordTable({word: str(value) for word, value in rows.items()})}


def _responses(table: Map[str, Any], kind: Kind) -> dict[str, Any]:
    options = _only(table["responses"], "[responses]", {"officers_per_unit"})
    value = options.get("officers_per_unit")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 10:
        raise MappingError(f"[responses] officers_per_unit: got {value!r}; wanted 0 to 10")
    return {"officers_per_unit": float(value)}
