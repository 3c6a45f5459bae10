"""The text as a reader sees it: without hidden characters, look-alikes and odd spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from community.redaction.spans import Span

# Cyrillic and Greek letters that look like Latin ones, lower and upper case; small capitals; letters
# upside down.
_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТХУІЈЅ"
    + "αειοκρνχγηυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
    + "ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡᴢ"
    + "ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎı",
    "aeopcyxijshdqwABEKMHOPCTXYIJS"
    + "aeiokpvxynvABEZHIKMNOPTYX"
    + "abcdeghijklmnoprtuvwz"
    + "acefghijkmrtvwyi",
)
# Letters in circles, squares and flags that Unicode does not take apart by itself.
_FRAMED: Final = {
    chr(first + n): chr(ord("A") + n) for first in (0x1F150, 0x1F170, 0x1F1E6) for n in range(26)
}
_DASHES: Final = "‐‑‒–—―−﹘﹣－"
# What shows as nothing although Unicode calls it a letter or a mark.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# "½", "№", "™" and the like become letters or digits, but nobody writes a name in them.
_USUAL: Final = frozenset("½¼¾⅓⅔⅛²³ªº№™℃℉")


@dataclass(frozen=True)
class Tidy:
    """``text``, and for each of its characters where it came from in the original."""

    text: str
    origin: tuple[int, ...]
    original_length: int
    has_lookalikes: bool
    has_hidden: bool


def tidy(original: str) -> Tidy:
    """Undo what hides words from rules but not from readers; keep the way back to the original."""
    out: list[str] = []
    origin: list[int] = []
    lookalikes = hidden = False
    for i, char in _signs(original):
        if char == "":
            hidden = True
            continue
        replaced = _as_read(char)
        lookalikes |= replaced != char and char not in _USUAL and _is_written(replaced)
        for part in replaced.replace("’", "'"):
            out.append(" " if part in "\t\u00a0" else part)
            origin.append(i)
    return Tidy("".join(out), tuple(origin), len(original), lookalikes, hidden)


def _signs(original: str) -> Iterator[tuple[int, str]]:
    """(where, sign with its accents); "" for what does not show but parts what does."""
    i = 0
    while i < len(original):
        start, sign = i, original[i]
        i += 1
        while i < len(original) and unicodedata.combining(original[i]):
            composed = unicodedata.normalize("NFC", sign + original[i])
            if len(composed) > 1:
                break
            sign = composed
            i += 1
        if not _is_hidden(sign):
            yield start, sign
        elif not _dresses_a_picture(original, start):
            yield start, ""


def _dresses_a_picture(original: str, i: int) -> bool:
    """A colour or joiner behind an emoji: "❤️" is two signs, and hides nothing."""
    return original[i] in "\ufe0f\u200d" and unicodedata.category(original[i - 1 : i] or " ") in (
        "So",
        "Sk",
    )


def _is_hidden(char: str) -> bool:
    if char in _BLANK:
        return True
    return (
        unicodedata.category(char) in ("Cf", "Cc", "Mn", "Me", "Co", "Cn") and char not in "\n\r\t"
    )


def _as_read(char: str) -> str:
    if char in _DASHES:
        return "-"
    digit = unicodedata.digit(char, None)
    if digit is not None and char not in "²³¹":
        return str(digit)
    plain = _FRAMED.get(char) or unicodedata.normalize("NFKC", char)
    return plain.translate(_LOOKALIKES)


def _is_written(text: str) -> bool:
    return any(part.isalnum() for part in text)


class Plain:
    """The tidy text, its lower case (of the same length), and the way back."""

    def __init__(self, source: Tidy) -> None:
        self.text = source.text
        # Lower case that changes length ("İ") would move every span behind it.
        self.lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in source.text)
        self.has_lookalikes = source.has_lookalikes
        self.has_hidden = source.has_hidden
        # Where each sign began, and the end: an accent or a hidden sign belongs to what it follows.
        self._origin = (*source.origin, source.original_length)

    def in_original(self, span: Span) -> Span:
        start, last = self._origin[span.start], self._origin[span.end - 1]
        return Span(start, max(last + 1, self._origin[span.end]), span.kind)
