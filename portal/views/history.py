"""`/data/<dataset>/diff` and `/data/corrections`: what changed between releases, for people and for programs."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _

from portal import components, queries
from portal.feeds import history
from portal.feeds.as_of import (
    AsOfError,
    NoReleaseError,
    WithdrawnError,
    release_as_of,
    why_none_now,
)
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import open_door, problem
from portal.feeds.renderers import plain
from portal.models import Release
from portal.views.caching import public_page
from portal.views.counted import counted_document, counted_page
from portal.views.refusals import ComparisonError, of_comparison, status_of

PAGE = "portal/data/difference.html"
SHOWN = 100
USUAL, MOST = 1_000, history.MOST
SOON, FOREVER = "public, max-age=60", "public, max-age=31536000, immutable"


def two_releases(request: HttpRequest, slug: str) -> tuple[Release, Release]:
    """As the address says; else the current release and the one before it."""
    if slug not in DATASETS:
        raise NoReleaseError(f"There is no dataset {slug}.")
    until = request.GET.get("to")
    last = release_as_of(slug, until) if until else queries.current_release(slug)
    if last is None:
        raise NoReleaseError(why_none_now(slug))
    since = request.GET.get("from")
    active = queries.releases(slug).filter(state=Release.State.ACTIVE)
    before = active.filter(number__lt=last.number).first()
    first = release_as_of(slug, since) if since else before or last
    if first.number > last.number:
        raise ComparisonError(
            f"got from={first.number} and to={last.number}; wanted the older one first"
        )
    return first, last


@counted_page
def difference(request: HttpRequest, slug: str) -> HttpResponse:
    """How many rows came, went and changed, why, and the first of them."""
    if slug not in DATASETS:
        raise Http404
    try:
        first, last = two_releases(request, slug)
    except (NoReleaseError, AsOfError, ComparisonError) as error:
        refusal = {"spec": DATASETS[slug], "refused": of_comparison(error, request.GET)}
        return render(request, PAGE, refusal, status=status_of(error))
    found, _onward = history.changes(slug, first.number, last.number, limit=SHOWN)
    counts = history.counts_of_changes(slug, first.number, last.number)
    context = {
        "spec": DATASETS[slug],
        "first": first,
        "last": last,
        "counts": counts,
        "reasons": [(_(history.REASONS[code]), code) for code in _codes(found)],
        "table": table(found),
        "n_changes": sum(counts.values()),
        "others": queries.releases(slug).filter(state=Release.State.ACTIVE)[:SHOWN],
        "json_url": f"{reverse('history:difference', args=[slug])}?from={first.number}&to={last.number}",
    }
    return render(request, PAGE, context)


def _codes(found: list[history.Change]) -> list[str]:
    present = {change.reason for change in found}
    return [code for code in history.REASONS if code in present]


def table(found: list[history.Change]) -> dict[str, Any]:
    names = {"added": _("new"), "removed": _("removed"), "changed": _("changed")}
    heads = (_("Row"), _("Change"), _("Before"), _("After"), _("Reason"))
    rows = [
        (
            " ".join(str(value or _("city")) for value in change.key.values()),
            names[change.change],
            _told(change.before),
            _told(change.after),
            change.reason,
        )
        for change in found
    ]
    columns = [components.Column(head) for head in heads]
    return components.table(_("Changes"), columns, rows, absent="", scrolls=True)


def _told(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}: {_('nothing said') if value is None else value}" for name, value in values.items()
    )


@open_door
@counted_document
def difference_document(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Every change, page by page; of two named releases it never changes."""
    try:
        if unknown := sorted(set(request.GET) - {"from", "to", "limit", "after"}):
            raise ComparisonError(f"got {', '.join(unknown)}; wanted from, to, limit or after")
        limit = _limit(request.GET.get("limit", str(USUAL)))
        if "\0" in (after := request.GET.get("after", "")):
            raise ComparisonError("got after with a NUL; no key of a row holds one")
        first, last = two_releases(request, slug)
    except WithdrawnError as error:
        return problem(HTTPStatus.GONE, "Withdrawn", str(error))
    except NoReleaseError as error:
        return problem(HTTPStatus.NOT_FOUND, "No such release", str(error))
    except (AsOfError, ComparisonError) as error:
        return problem(HTTPStatus.BAD_REQUEST, "This cannot be compared", str(error))
    found, onward = history.changes(slug, first.number, last.number, limit=limit, after=after)
    document = {
        "dataset": slug,
        "from": {"release": first.number, "as_of": plain(first.as_of)},
        "to": {"release": last.number, "as_of": plain(last.as_of)},
        "counts": history.counts_of_changes(slug, first.number, last.number),
        "reasons": {code: history.REASONS[code] for code in _codes(found)},
        "changes": [vars(change) for change in found],
    }
    if onward:
        query = request.GET.copy()
        query["from"], query["to"], query["after"] = str(first.number), str(last.number), onward
        document["next"] = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    is_named = request.GET.get("from") == str(first.number) and request.GET.get("to") == str(
        last.number
    )
    return JsonResponse(document, headers={"Cache-Control": FOREVER if is_named else SOON})


def _limit(text: str) -> int:
    if not (re.fullmatch(r"[0-9]{1,9}", text) and 1 <= int(text) <= MOST):
        raise ComparisonError(f"got limit {text!r}; wanted a whole number from 1 to {MOST}")
    return int(text)


@public_page
def corrections(request: HttpRequest) -> HttpResponse:
    """Removals and withdrawals of every dataset, newest first."""
    heads = (_("Dataset"), _("Release"), _("What"), _("Rows"), _("Why"))
    kinds = {"removal": _("rows removed"), "withdrawal": _("release withdrawn")}
    readable = Release.objects.filter(state=Release.State.ACTIVE)
    active = set(readable.values_list("dataset__slug", "number"))
    rows = [
        (
            components.Link(_(DATASETS[found.dataset].title), reverse("portal:dataset-detail", args=[found.dataset])),
            release_link(found.dataset, found.release, has_page=(found.dataset, found.release) in active),
            kinds[found.kind],
            found.n_rows,
            _(found.reason) if found.kind == "removal" else found.reason,
        )
        for found in history.corrections()
    ]  # fmt: skip
    columns = [components.Column(head, is_number=head == _("Rows")) for head in heads]
    context = {"table": components.table(_("Corrections, newest first"), columns, rows, absent="")}
    return render(request, "portal/data/corrections.html", context)


def release_link(slug: str, number: int, *, has_page: bool) -> components.Value:
    """A release, and where it stands beside the one before; of one that was withdrawn, its name alone."""
    words = _("release %(number)s") % {"number": number}
    address = reverse("portal:dataset-difference", args=[slug])
    return components.Link(words, f"{address}?to={number}") if has_page else words


@open_door
def corrections_document(request: HttpRequest) -> HttpResponseBase:
    found = [
        {name: plain(value) for name, value in vars(each).items()} for each in history.corrections()
    ]
    return JsonResponse({"corrections": found}, headers={"Cache-Control": SOON})


pages = [
    path("data/corrections/", corrections, name="corrections"),
    path("data/<slug:slug>/diff/", difference, name="dataset-difference"),
]
documents = (
    [
        path("data/corrections.json", corrections_document, name="corrections"),
        path("data/<slug:slug>/diff.json", difference_document, name="difference"),
    ],
    "history",
)
