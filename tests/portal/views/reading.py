"""What a test takes out of a page: its numbers, its words, its links."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from typing import Any

PAGES = (
    "/",
    "/map/",
    "/map/?by=beat",
    "/map/?by=cell",
    "/map/?by=district&category=theft",
    "/search/",
    "/search/?q=north",
    "/search/?q=nowhere+at+all",
    "/areas/",
    "/areas/testville/",
    "/areas/north/",
    "/areas/south-2/",
    "/incidents/",
    "/incidents/?district=north&category=assault",
    "/incidents/?beat=north-1",
    "/gunfire/",
    "/data/",
    "/data/releases/",
    "/data/incidents/",
    "/data/gunfire/",
    "/methods/gunfire/",
    "/data/gunfire-ledger/",
    "/data/gunfire-calibration/",
    "/data/sensitive-totals/",
    "/data/places/",
    "/data/cells/",
    "/data/areas/",
    "/privacy/",
    "/methods/",
    "/about/",
    "/about/parts/",
)


class Text(HTMLParser):
    """The words a reader sees, in order; without what scripts, styles and titles of drawings hold."""

    silent = ("script", "style", "title", "desc", "svg")

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.depth += tag in self.silent

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in self.silent

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.words.append(data)


def words_of(response: Any) -> str:
    parser = Text()
    parser.feed(response.content.decode())
    return re.sub(r"\s+", " ", " ".join(parser.words))


def stat(response: Any, label: str) -> str:
    """The value of the single number of that label."""
    pattern = rf'stat__label">{re.escape(label)}</p>\s*<p class="stat__value[^"]*">([^<]*)<'
    found = re.search(pattern, response.content.decode())
    assert found, f"no number labelled {label!r}"
    return found[1]


def table(response: Any, caption: str) -> list[list[str]]:
    """The cells of the table of that caption, row by row, without its head."""
    page = response.content.decode()
    after = page[page.index(f"<caption>{caption}</caption>") :]
    body = after[after.index("<tbody>") : after.index("</tbody>")]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def table_of_figure(response: Any, figure_id: str) -> list[list[str]]:
    """The cells of the table inside the figure of that id."""
    page = response.content.decode()
    part = page[page.index(f'<figure class="figure" id="{figure_id}"') :]
    part = part[: part.index("</figure>")]
    title = part[part.index('caption class="visually-hidden">') :]

    class Part:
        content = ("<caption>x</caption>" + title[title.index("</caption>") :]).encode()

    return table(Part, "x")


def rows_of_file(client: Any, slug: str) -> list[dict[str, str]]:
    response = client.get(f"/data/{slug}.csv")
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))
