"""Numbers that stand for a person, a record or a door because of the word before them.

"Badge 442", "report nr. 188", "room 214": a few digits that no rule for long numbers finds, and that
lead to one person or one address beside another list. Only the word says so ("case 3" may be a count), so a
person may confirm that one is harmless, as they may not with a telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from community.redaction.plain import Plain
from community.redaction.spans import Span

_ROOMS: Final = r"room|rm|door|lot|pier|dock|slip|stall|marker|milepost|suite|locker|cuarto|habitaci[oó]n|puerta|lote|manzana|mz|lt|interior|int|depto|dpto|apto"
_HOUSES: Final = r"(?:house|home|building|bldg|casa|edificio)(?:\s+(?:number|num|no\.?|#|n[uú]mero))?|calle\s+\w+\s+n[uú]mero"
_RECORDS: Final = (
    r"(?:police\s+|incident\s+|case\s+|crime\s+)?reports?|cases?|incidents?|tickets?|citations?|summons|docket|"
    r"complaints?|claims?|files?|invoice|receipt|factura|recibo|cad|reference|ref|folio|reporte|caso|expediente|acta|denuncia|queja|"
    r"multa|infracci[oó]n|carpeta|referencia"
)
_PEOPLE: Final = (
    r"badge|shield|officers?|ofc|unit|car|cruiser|squad|cab|taxi|patrulla|placa del? (?:oficial|agente|polic[ií]a)|oficial|agente|"
    r"unidad"
)
_PAPERS: Final = (
    r"ssn|social(?:\s+security)?|card|account|acct|passport|licen[cs]e|permit|policy|phone|cell|extension|ext|codes?|pin|combination|clave|c[oó]digo|booking|warrant|ebt|"
    r"tarjeta|cuenta|pasaporte|licencia|tel[eé]fono|celular|seguro"
)
# "number", "is", "#", "ends in"; "last four of my phone are".
_LINK: Final = r"(?:\s*(?:[:#.,]|\b(?:number|num|no|nr|nbr|n[uú]mero|n[oº]|is|was|es|era|fue|are|son|(?:ends?|ending|starts?|starting)(?:\s+(?:in|with))?|(?:que\s+)?(?:termina(?:da)?|empieza)\s+(?:en|con))\b\.?)){0,5}"
_ONES: Final = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
_TENS: Final = (
    r"(?:ten|eleven|twelve|\w{3,5}teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|diez|once|doce|"
    r"trece|catorce|quince|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien(?:to)?)"
)
_IN_WORDS: Final = rf"(?:{_ONES}|{_TENS})(?:[\s,-]+(?:(?:and|y)\s+)?(?:{_ONES}|{_TENS})){{1,9}}"
# "442", "3a12", "hbr/24/00871", "4 4 2".
_NUMBER: Final = r"(?:\d(?:[ .*_]{1,2}[a-z\d]\b)+|(?=[\w/-]*\d)[a-z0-9]+(?:[/-][a-z0-9]+)*)"
_OPEN: Final = r"[\s\"'“”*#(]*"
# "report 2 weeks ago", "3 cars", "house 2 doors": counts and times, not names of anything.
_NOT_COUNTED: Final = (
    r"(?!\s*(?:%|st|nd|rd|th|(?:a|p)\.?m\b|o'clock|times?|days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?|pages?|"
    r"seconds?|feet|ft|blocks?|doors?|people|cars?|more|or|of (?:them|us|these|those)|out|d[ií]as?|semanas?|meses|a[nñ]os?|horas?|minutos?|"
    r"veces|personas?|cuadras?|coches|m[aá]s)\b)"
)

_PATTERNS: Final = (
    (
        "address",
        rf"\b(?:{_ROOMS}|{_HOUSES})\b{_LINK}{_OPEN}(?P<it>{_NUMBER}|{_IN_WORDS})\b{_NOT_COUNTED}",
    ),
    (
        "reference",
        rf"\b(?:{_RECORDS}|{_PEOPLE}|{_PAPERS})\b{_LINK}{_OPEN}(?P<it>[a-z]?-?{_NUMBER}|{_IN_WORDS})\b{_NOT_COUNTED}",
    ),
    ("reference", r"\b(?:last|first)\s+(?:four|4|three|3|digits)\b[^.\n\d]{0,30}(?P<it>\d{3,4})\b"),
    ("reference", rf"\b(?:ending|ends|termina(?:da)?)\s+(?:in|with|en|con)\s+(?P<it>{_NUMBER})\b"),
    ("reference", rf"\b(?:number|num|n[uú]mero)\s+(?P<it>{_IN_WORDS})\b"),
    (
        "reference",
        rf"\b(?:number|n[uú]mero)\s*(?::|\b(?:was|is|es|era|fue)\b){_OPEN}(?P<it>{_NUMBER})\b{_NOT_COUNTED}",
    ),
    ("reference", r"(?<![\w#])#\s?(?P<it>\d(?:[ .*]?\d)+)\b"),
    # "A-77", not the roads "I-90" and "A-2".
    ("reference", r"(?<![\w-])(?![i]-)(?P<it>[a-z]-\d{2,})(?![\w-])"),
    # "2F", "in 3B": a flat. Not "3a. m.", "4x", "5k".
    (
        "address",
        r"\b(?:in|from|at|to|of|el|la|del|en)\s+[\"“*#]*(?P<it>\d{1,3}[-. *]?[b-hjlnq-tuvwz]|[b-hjln-tuvwz]\d{1,3})\b(?![\s.]*m\b)",
    ),
    ("address", r"(?P<it>[\do]{1,3}\s?°\s?[\do]{1,2}[^\n,;]{0,40}?[nsew]\b)(?![a-z])"),
    ("address", r"(?<!\w)(?P<it>[23456789cfghjmpqrvwx]{4,8}\+[23456789cfghjmpqrvwx]{2,3})(?!\w)"),
    ("address", r"(?P<it>/{3}[^\W\d_]+(?:\.[^\W\d_]+){2})"),
)
_COMPILED: Final = [(kind, re.compile(pattern)) for kind, pattern in _PATTERNS]


def find_references(plain: Plain) -> Iterator[Span]:
    """Spans of kinds reference and address: what stands after a word that makes it somebody's."""
    for kind, pattern in _COMPILED:
        for found in pattern.finditer(plain.lower):
            yield Span(*found.span("it"), kind)
