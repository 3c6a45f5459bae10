"""Messages as a translator meets them: read from .po files, and collected from code and templates.

Needs no GNU gettext, so that a bare machine can tell whether a public string lacks its translation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation.template import templatize

FUNCTIONS = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
}
KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)\s+(".*")$')


@dataclass
class Message:
    """One entry of a .po file. texts: translations, singular first."""

    singular: str = ""
    plural: str = ""
    texts: list[str] = field(default_factory=list)
    is_fuzzy: bool = False


def read_po(path: Path) -> list[Message]:
    """Every message but the header."""
    found = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        message, last = Message(is_fuzzy="fuzzy" in "".join(re.findall(r"^#,.*$", block, re.M))), ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            keyword = KEYWORD.match(line)
            last, text = (keyword[1], keyword[2]) if keyword else (last, line)
            _add(message, last, ast.literal_eval(text), begins=bool(keyword))
        if message.singular:
            found.append(message)
    return found


def _add(message: Message, keyword: str, text: str, *, begins: bool) -> None:
    if keyword == "msgid":
        message.singular += text
    elif keyword == "msgid_plural":
        message.plural += text
    elif begins:
        message.texts.append(text)
    else:
        message.texts[-1] += text


def of_python(source: str) -> Iterator[tuple[str, ...]]:
    """(singular,) or (singular, plural) of every literal handed to a function of gettext."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        count = 2 if name.startswith("ngettext") else 1
        literals = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
        if name in FUNCTIONS and len(literals) == count:
            yield tuple(literals)


def of_template(source: str) -> Iterator[tuple[str, ...]]:
    """The same of a template, by way of the form in which Django shows it to xgettext."""
    shown = templatize(source)
    for call in re.finditer(r"\b(?:ngettext|gettext|_)\(", shown):
        ends = (i + 1 for i, letter in enumerate(shown) if letter == ")" and i > call.end())
        pieces = (shown[call.start() : end] for end in ends)
        yield from next(of_python(piece) for piece in pieces if _is_python(piece))


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
