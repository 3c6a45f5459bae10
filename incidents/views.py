"""The staff's gunfire room: alerts as they come, one alert whole, its review.

Shows the sites of sensors, a secret of their own: each page needs the permission, does not exist
without it, and is kept by no browser.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from incidents.forms import FilterForm, ReviewForm
from incidents.gunfire import alerts, evidence
from incidents.gunfire.city_map import Mark, city_map
from incidents.gunfire.figures import drawn_alert
from incidents.gunfire.ground import Ground, ground
from incidents.gunfire.wording import percent, terms
from sensors.actions import ReviewRefused, RevisedMeanwhile, record_review
from sensors.models import AcousticEvent

View = Callable[..., HttpResponse]

# So long the map also shows which sensors heard an alert; with all of them it would be a knot.
FRESH = dt.timedelta(minutes=15)


def gunfire_page(view: View) -> View:
    """Signed in, kept by no browser, and not there for those who may not see it."""

    @functools.wraps(view)
    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "may_see_gunfire", False):
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(login_required(respond))


@gunfire_page
@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Alerts, newest first, and the last hours on a map."""
    form = FilterForm(request.GET)
    context = {
        "tabs": [_tab(form, state, label) for state, label in alerts.STATES.items()],
        "form": form,
        "span_h": form.span_h,
        **_live(request, form),
    }
    return render(request, "desk/gunfire/list.html", context)


def _tab(form: FilterForm, state: str, label: str) -> dict[str, Any]:
    of = alerts.Filters(state=state, kind=form.filters.kind)
    is_counted = state in ("to-review", "disagree")
    return {
        "label": label,
        "count": alerts.count_in_words(of) if is_counted else "",
        "query": _query(form, state=state),
        "is_here": form.filters.state == state,
    }


def _query(form: FilterForm, **changes: str) -> str:
    """``?a=b`` of this filter with changes, without what is the default."""
    asked = {"state": form.filters.state, "kind": form.filters.kind, "hours": str(form.span_h)}
    asked |= changes
    usual = {"state": "all", "kind": "", "hours": "12"}
    kept = {name: value for name, value in asked.items() if value and value != usual.get(name)}
    return f"?{urlencode(kept)}"


@gunfire_page
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """Map and list alone, for a page that is open. 304 while nothing has changed."""
    response = render(request, "desk/gunfire/_live.html", _live(request, FilterForm(request.GET)))
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    response.headers["ETag"] = etag
    return response


def _live(request: HttpRequest, form: FilterForm) -> dict[str, Any]:
    city, filters = ground(), form.filters
    try:
        page = alerts.page(
            filters, city, older=request.GET.get("older", ""), newer=request.GET.get("newer", "")
        )
    except alerts.CursorError:
        raise Http404 from None
    is_newest = not (request.GET.get("older") or request.GET.get("newer"))
    return {
        "page": page,
        "is_newest": is_newest,
        "map": _map(filters, city, span_h=form.span_h) if is_newest else "",
        "query": _query(form),
        "newer_query": _query(form, newer=page.newer),
        "older_query": _query(form, older=page.older),
    }


def _map(filters: alerts.Filters, city: Ground, *, span_h: int) -> str:
    frame, under = city.overview
    if frame is None:
        return ""
    now = timezone.now()
    rows = alerts.recent(filters, city, since=now - dt.timedelta(hours=span_h))
    sites = evidence.sites_of([row.event for row in rows if row.event.occurred_at > now - FRESH])
    marks = [
        Mark(
            href=row.url,
            words=f"{row.said}, {row.rounds}, {row.district or 'outside the districts'}",
            kind=row.event.kind,
            lon=row.event.lon,
            lat=row.event.lat,
            cov_m2=row.cov_m2,
            is_reviewed=row.is_reviewed,
            heard_at=sites.get(row.event.pk, ()),
        )
        for row in rows
    ]
    return city_map(frame, marks, under=under, span=f"the last {span_h} hours")


@gunfire_page
@require_GET
def alert_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One alert: where, who heard it, why it was called what it was, what came of it."""
    event = get_object_or_404(AcousticEvent, pk=pk)
    return _alert(request, event, ReviewForm(initial={"revision": event.revision}))


def _alert(
    request: HttpRequest, event: AcousticEvent, form: ReviewForm, *, stale_since: int | None = None
) -> HttpResponse:
    """stale_since: the revision that was looked at, where it is not the one that there is."""
    city = ground()
    row = alerts.alert_of(event, city)
    context = {
        "row": row,
        "event": event,
        "form": form,
        "may_review": getattr(request.user, "may_review_gunfire", False),
        "terms": terms(event.reasons),
        "probability": percent(event.probability),
        "reviews": alerts.reviews(event),
        "disagree": alerts.disagree(row.opinions),
        "responses": evidence.responses(event),
        "revisions": evidence.revisions(event),
        "stale_since": stale_since,
        **drawn_alert(event, city),
    }
    status = HTTPStatus.OK if stale_since is None else HTTPStatus.CONFLICT
    return render(request, "desk/gunfire/alert.html", context, status=status)


@gunfire_page
@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what somebody finds; with the other button, go on to the next alert."""
    if not getattr(request.user, "may_review_gunfire", False):
        raise PermissionDenied("You may look at alerts, but not review them.")
    event, form = get_object_or_404(AcousticEvent, pk=pk), ReviewForm(request.POST)
    if not form.is_valid():
        return _alert(request, event, form)
    assert request.user.is_authenticated
    answers = {name: form.cleaned_data[name] for name in ("finding", "revision")}
    try:
        record_review(
            event=event, reason=form.reason, by=request.user, now=timezone.now(), **answers
        )
    except RevisedMeanwhile as refusal:
        again = form.asked_again(revision=refusal.revision)
        event.refresh_from_db()
        return _alert(request, event, again, stale_since=form.cleaned_data["revision"])
    except ReviewRefused as refusal:
        form.add_error(None, str(refusal))
        return _alert(request, event, form)
    messages.success(
        request,
        "Your review is recorded. If you review again, the newer one counts; both are kept.",
    )
    following = alerts.next_to_review(after=event) if "next" in request.POST else None
    if "next" in request.POST and following is None:
        return redirect("gunfire:list")
    return redirect("gunfire:alert", (following or event).pk)


@gunfire_page
@require_GET
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """For a page that is open: whether the alert is still what it shows."""
    event = get_object_or_404(AcousticEvent, pk=pk)
    return JsonResponse({"version": alerts.alert_of(event, ground()).version})
