"""The record of releases: a page for people, and the signed chain itself for programs."""

from __future__ import annotations

import base64
import hashlib
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _

from portal import components
from portal.feeds import chain
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import open_door, problem
from portal.feeds.views import FOREVER, SOON
from portal.findings import number
from portal.models import ChainEntry
from portal.provenance import FigureRef
from portal.publication import signing
from portal.views.caching import public_page
from portal.vocabulary import rule_label

ENTRIES_SHOWN = 50
RECIPE = Path("templates", "portal", "data", "verify.py.txt")


def newest_entry() -> str:
    """Some entries come without a release: a new key, the end of an override."""
    head = chain.head()
    return head.sha256 if head else ""


@partial(public_page, also=newest_entry)
def release_list(request: HttpRequest) -> HttpResponse:
    """Releases, withdrawals, overrides and keys, newest first, and how to check them."""
    head = chain.head()
    context: dict[str, Any] = {"head": head, "recipe": recipe_text()}
    if head:
        before = before_of(request, head)
        shown = list(chain.entries().filter(number__lt=before).reverse()[:ENTRIES_SHOWN])
        context |= {
            "table": entries_table(shown),
            "older": f"?before={shown[-1].number}" if shown and shown[-1].number > 1 else "",
            "overrides": chain.overrides_told(),
            "keys": keys_told(),
        }
    return render(request, "portal/data/releases.html", context)


def before_of(request: HttpRequest, head: ChainEntry) -> int:
    """The entry above the newest one to show."""
    asked = request.GET.get("before", str(head.number + 1))
    if not (asked.isascii() and asked.isdigit() and 1 < int(asked) <= head.number + 1):
        raise Http404
    return int(asked)


def entries_table(entries: list[ChainEntry]) -> dict[str, Any]:
    columns = [
        components.Column(_("Entry")),
        components.Column(_("What happened")),
        components.Column(_("Day")),
        components.Column(_("Rows"), is_number=True),
    ]
    rows = []
    for entry in entries:
        says = chain.says(entry)
        link = components.Link(str(entry.number), reverse("feeds:chain-entry", args=[entry.number]))
        day = says.get("on") or says["as_of"][:10]
        rows.append((link, sentence_of(says), day, rows_of(says)))
    return components.table(_("The record, newest first"), columns, rows, absent="")


def rows_of(says: chain.Line) -> components.Value:
    """How many, with the way to count them; '' of what is no release."""
    if "rows" not in says:
        return ""
    if says["dataset"] not in DATASETS:
        return str(says["rows"])
    ref = FigureRef(says["dataset"], int(says["release"]))
    return components.Link(number(says["rows"]), reverse("portal:verify", args=[ref]))


def sentence_of(says: chain.Line) -> str:
    """What an entry says, in words."""
    if says["kind"] in ("release", "withdrawal"):
        spec = DATASETS.get(says["dataset"])
        told = {"title": _(spec.title) if spec else says["dataset"], "number": says["release"]}
        if says["kind"] == "release":
            return _("Release %(number)s of %(title)s") % told
        told["reason"] = says["reason"]
        return _("Release %(number)s of %(title)s was withdrawn: %(reason)s") % told
    if says["kind"] == "key":
        return KEY_EVENTS[says["event"]]() % {"reason": says["reason"]}
    rule = {**says, "rule": rule_label(says["rule"])}
    if says["kind"] == "override":
        return _("A rule was loosened. %(rule)s: %(value)s instead of %(default)s") % rule
    return _("A loosened rule is over. %(rule)s") % rule


KEY_EVENTS = {
    "first": lambda: _("The first key; it signs what follows"),
    "rotation": lambda: _("A new key, announced by the old one: %(reason)s"),
    "lost": lambda: _(
        "The key was lost, and the old one does not vouch for the new one: %(reason)s"
    ),
}


def keys_told() -> list[dict[str, Any]]:
    """Every key, oldest first: what it is called, what people compare, and since which entry it signs."""
    found = []
    for entry in chain.entries().filter(kind="key"):
        says = chain.says(entry)
        public = base64.b64decode(says["key"])
        found.append(
            {
                "id": signing.key_id(public),
                "algorithm": "Ed25519",
                "public_key": says["key"],
                "fingerprint_sha256": signing.fingerprint(public),
                "announced_in_entry": entry.number,
                "event": says["event"],
                "reason": says["reason"],
                "on": says["on"],
            }
        )
    return found


@cache
def recipe_text() -> str:
    """The twenty lines that check the chain; docs/verify.md prints the same."""
    return Path(settings.BASE_DIR, RECIPE).read_text(encoding="utf-8")


@open_door
def chain_file(request: HttpRequest) -> HttpResponse:
    """The whole chain, an entry a line, oldest first."""
    head = chain.head()
    if head is None:
        return sent(request, b"", "application/x-ndjson", tag="0", cache=SOON)
    tag = head.sha256
    if is_known(request, tag):
        return sent(request, b"", "", tag=tag, cache=SOON)
    return sent(request, chain.chain_text(tag), "application/x-ndjson", tag=tag, cache=SOON)


@open_door
def chain_entry(request: HttpRequest, number: int) -> HttpResponse:
    """One entry, as in the chain."""
    entry = ChainEntry.objects.filter(pk=number).first()
    if entry is None:
        return problem(HTTPStatus.NOT_FOUND, "No such entry", f"The chain has no entry {number}.")
    body = JsonResponse(chain.line_of(entry), json_dumps_params={"ensure_ascii": False}).content
    return sent(request, body, "application/json", tag=entry.sha256, cache=FOREVER)


@open_door
def keys_file(request: HttpRequest) -> HttpResponse:
    """The public keys, oldest first; the last is the one in force."""
    head = chain.head()
    body = JsonResponse({"keys": keys_told()}, json_dumps_params={"ensure_ascii": False}).content
    return sent(request, body, "application/json", tag=head.sha256 if head else "0", cache=SOON)


@open_door
def recipe_file(request: HttpRequest) -> HttpResponse:
    """The recipe, to save and run."""
    body = recipe_text().encode()
    tag = hashlib.sha256(body).hexdigest()
    return sent(request, body, "text/x-python; charset=utf-8", tag=tag, cache=SOON)


def is_known(request: HttpRequest, tag: str) -> bool:
    return request.headers.get("If-None-Match") == f'"{tag}"'


def sent(
    request: HttpRequest, body: bytes, media_type: str, *, tag: str, cache: str
) -> HttpResponse:
    """Whole, with its length; 304 where the reader has it."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": cache}
    if is_known(request, tag):
        return HttpResponseNotModified(headers=headers)
    headers["Content-Length"] = str(len(body))
    return HttpResponse(body, content_type=media_type, headers=headers)


pages = [path("data/releases/", release_list, name="release-list")]

addresses = [
    path("data/releases/chain.ndjson", chain_file, name="chain"),
    path("data/releases/keys.json", keys_file, name="chain-keys"),
    path("data/releases/verify.py", recipe_file, name="chain-recipe"),
    path("data/releases/<int:number>.json", chain_entry, name="chain-entry"),
]
