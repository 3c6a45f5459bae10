"""A second adversary, of another mind: whole messages written by hand, and what hides them again.

Written before its author had read the rules, and not made of lists: each message is a sentence that a
resident would write, with what tells who or where somebody is between brackets. ``DISGUISES`` are ways
to write the same letters that a reader still reads. The harmless messages say what caution costs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PLANTED = re.compile("⟦(.*?)⟧")

STREETS = (
    *("Hope Street", "Market Street", "Church Street", "Rose Avenue", "Tamarack Drive"),
    *("Pemberton Place", "Fennimore Parkway", "Spring Lane", "Main Street", "Oak Street"),
    *("Calle Robles", "Calle Mayor", "Avenida Benito Juarez", "Calle San Jacinto"),
)
PLACES = ("Harbor", "Hill", "Riverside")


@dataclass(frozen=True)
class Message:
    """``secrets`` are the stretches of ``text`` that tell who or where somebody is."""

    kind: str
    language: str
    text: str
    secrets: tuple[tuple[int, int], ...]


def messages() -> Iterator[Message]:
    for line in _lines("second_adversary.txt"):
        kind, language, written = line.split(" | ", 2)
        yield _planted(kind, language, written)


def harmless() -> list[str]:
    return [line.split(" | ", 1)[1] for line in _lines("harmless.txt")]


def disguised(*, every: int = 1) -> Iterator[tuple[str, Message]]:
    """Each message, or each so-manieth, once for each disguise that changes it; the disguise's name."""
    for line in _lines("second_adversary.txt")[::every]:
        kind, language, written = line.split(" | ", 2)
        for name, disguise in DISGUISES.items():
            hidden = _hidden(written, disguise)
            if hidden != written:
                yield name, _planted(kind, language, hidden)


def _hidden(written: str, disguise: Callable[[str], str]) -> str:
    return PLANTED.sub(lambda secret: f"⟦{disguise(secret.group(1))}⟧", written)


def _lines(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _planted(kind: str, language: str, written: str) -> Message:
    secrets, text, at = [], "", 0
    for found in PLANTED.finditer(written):
        text += written[at : found.start()]
        secrets.append((len(text), len(text) + len(found.group(1))))
        text += found.group(1)
        at = found.end()
    return Message(kind, language, text + written[at:], tuple(secrets))


def _shifted(lower: int, upper: int, digit: int | None) -> Callable[[str], str]:
    """Letters (and digits) moved to another alphabet of the same shapes, such as 𝐛𝐨𝐥𝐝."""
    signs: dict[str, str | int | None] = {chr(97 + n): chr(lower + n) for n in range(26)}
    signs |= {chr(65 + n): chr(upper + n) for n in range(26)}
    if digit is not None:
        signs |= {str(n): chr(digit + n) for n in range(10)}
    return lambda text: text.translate(str.maketrans(signs))


def _swapped(plain: str, other: str) -> Callable[[str], str]:
    return lambda text: text.translate(str.maketrans(plain, other))


def _after_each(sign: str) -> Callable[[str], str]:
    """``sign`` after each letter and digit but the last of a word."""
    return lambda text: re.sub(r"(?<=[^\W_])(?=[^\W_])", sign, text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "no capitals": str.lower,
    "odd capitals": lambda text: "".join(
        sign.upper() if n % 2 else sign.lower() for n, sign in enumerate(text)
    ),
    "accents apart": lambda text: unicodedata.normalize("NFD", text),
    "no accents": lambda text: "".join(
        sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign)
    ),
    "bold": _shifted(0x1D41A, 0x1D400, 0x1D7CE),
    "script": _shifted(0x1D4EA, 0x1D4D0, None),
    "typewriter": _shifted(0x1D68A, 0x1D670, 0x1D7F6),
    "wide": _shifted(0xFF41, 0xFF21, 0xFF10),
    "circled": _shifted(0x24D0, 0x24B6, None),
    "squared": lambda text: _shifted(0x1F130, 0x1F130, None)(text.upper()),
    "flags": lambda text: _shifted(0x1F1E6, 0x1F1E6, None)(text.upper()),
    "greek": _swapped("aeioukpvxynABEHIKMNOPTXYZ", "αειοukρνχγηΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"),
    "cyrillic": _swapped("aeopcyxsijABEKMHOPCTX", "аеорсухѕіјАВЕКМНОРСТХ"),
    "small capitals": _swapped("abcdeghijklmnoprtuvwz", "ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡᴢ"),
    "upside down": _swapped("abcdefghijkmnrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞɯuɹʇnʌʍʎ"),
    "leet": _swapped("aeiostAEIOST", "431057431057"),
    "more leet": _swapped("aeislotbAEISLOTB", "@3!$|0+8@3!$|0+8"),
    "letters for digits": _swapped("0158", "OlSB"),
    "arabic digits": _swapped("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    "raised digits": _swapped("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "digits in circles": _swapped("0123456789", "⓪①②③④⑤⑥⑦⑧⑨"),
    "emoji digits": lambda text: re.sub(r"(\d)", "\\1\ufe0f\u20e3", text),
    "nothing between": _after_each("\u200b"),
    "a joiner between": _after_each("\u2060"),
    "a soft hyphen between": _after_each("\u00ad"),
    "a grapheme joiner between": _after_each("\u034f"),
    "a filler between": _after_each("\u3164"),
    "a variation between": _after_each("\ufe0e"),
    "a tag between": _after_each("\U000e0061"),
    "a direction between": _after_each("\u202c"),
    "a stroke through": _after_each("\u0336"),
    "dots between": _after_each("."),
    "spaces between": _after_each(" "),
    "lines between": _after_each("\n"),
    "underscores between": _after_each("_"),
    "stars between": _after_each("*"),
    "underscores for spaces": lambda text: text.replace(" ", "_"),
    "no spaces": lambda text: text.replace(" ", ""),
    "lines for spaces": lambda text: text.replace(" ", "\n"),
    "thin spaces": lambda text: text.replace(" ", "\u2009"),
    "doubled": lambda text: re.sub(r"([^\W\d_])", r"\1\1", text),
    "in entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "percent signs": lambda text: "".join(
        f"%{byte:02X}" if byte > 32 else " " for byte in text.encode()
    ),
    "backwards": lambda text: text[::-1],
    "in quotes": lambda text: f"“{text}”",
    "in stars": lambda text: f"**{text}**",
    "with a hashtag": lambda text: "#" + re.sub(r"\W+", "", text),
}
