"""Where officers answer. Whatever somebody may not know of is not found, rather than forbidden."""

from __future__ import annotations

import csv
import functools
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from community import actions, queries
from community.forms import (
    DraftForm,
    ReasonForm,
    RerouteForm,
    SearchForm,
    VerdictForm,
)
from community.hours import words_kept
from community.models import Feedback, Response, User
from community.openings import openings_for
from community.roles import Desk, Permission

View = Callable[..., HttpResponse]

# What a page shows; a queue longer than this is a matter of staff, not of paging.
ROWS_PER_LIST = 100


def staff_page(view: View) -> View:
    """Signed in; not kept by a browser; no resident's words in an error report."""
    return login_required(never_cache(sensitive_variables()(sensitive_post_parameters()(view))))


def requires(permission: Permission) -> Callable[[View], View]:
    """A page that does not exist for those without the permission."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not user_of(request).may(permission):
                raise Http404
            return view(request, *args, **kwargs)

        return respond

    return decorate


def about_feedback(view: View) -> View:
    """Hand over the thread, if this person may know of it; turn a refusal into a sentence."""

    @functools.wraps(view)
    def respond(request: HttpRequest, pk: uuid.UUID, **kwargs: Any) -> HttpResponse:
        visible = Feedback.objects.visible_to(request.user).select_related("district")
        feedback = get_object_or_404(visible, pk=pk)
        try:
            return view(request, feedback, **kwargs)
        except actions.NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from None
        except actions.Refused as refusal:
            messages.error(request, str(refusal))
            return back_to(request, feedback)

    return respond


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # staff_page saw to it
    return request.user


def back_to(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    """To the thread, or to the queue where it is out of sight now."""
    if Feedback.objects.visible_to(request.user).filter(pk=feedback.pk).exists():
        return redirect("desk:feedback", feedback.pk)
    return redirect("desk:queue")


@staff_page
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """One list of somebody's desks, what is due first on top."""
    which = request.GET.get("list", "to-answer")
    if which not in queries.LISTS:
        raise Http404
    user, now = user_of(request), timezone.now()
    if user.may_see_gunfire and not user.reads_feedback:
        return redirect("gunfire:list")  # what residents write is none of a reviewer's business
    counts = queries.queue_counts(user, now=now)
    context = {
        "which": which,
        "tabs": _tabs(counts),
        "overdue": counts["overdue"],
        "rows": queries.queue(user, which=which)[:ROWS_PER_LIST],
        "approvals": queries.awaiting_approval(user).count(),
        "to_review": queries.to_review(user).count(),
        "photos_to_decide": queries.photos_to_decide(user).count(),
        "now": now,
        "search_form": SearchForm(),
        "may_export": user.may(Permission.EXPORT),
    }
    return render(request, "desk/queue.html", context)


def _tabs(counts: dict[str, int]) -> list[dict[str, Any]]:
    labels = {
        "to-answer": _("To answer"),
        "in-work": _("In work"),
        "waiting": _("Waiting for the resident"),
        "answered": _("Answered"),
        "closed": _("Closed"),
    }
    return [
        {"name": name, "label": labels[name], "count": counts[name.replace("-", "_")]}
        for name in queries.LISTS
    ]


@staff_page
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Words or a receipt code, behind the same wall. By POST: the words stay out of addresses."""
    form = SearchForm(request.POST)
    words = form.cleaned_data["words"] if form.is_valid() else ""
    rows = queries.search(user_of(request), words) if words else []
    context = {"search_form": form, "words": words, "rows": rows, "now": timezone.now()}
    return render(request, "desk/search.html", context)


@staff_page
@require_GET
@requires(Permission.EXPORT)
def export(request: HttpRequest) -> HttpResponse:
    """The threads somebody works on as CSV: no words, no contact, no receipt."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="feedback.csv"'
    writer = csv.writer(response)
    columns = ("id", "kind", "topic", "desk", "district__name", "language", "state")
    times = ("created_at", "due_at", "answered_at", "reopened_at", "closed_at")
    writer.writerow([*columns, *times])
    rows = Feedback.objects.workable_by(request.user).order_by("pk")
    for row in rows.values_list(*columns, *times).iterator():
        writer.writerow(["" if value is None else str(value) for value in row])
    return response


@staff_page
@require_GET
@about_feedback
def feedback_page(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    """One screen: the words, what was said since, the draft, and what can be done now."""
    return _screen(request, feedback)


def _screen(request: HttpRequest, feedback: Feedback, **extra: Any) -> HttpResponse:
    user, held = user_of(request), queries.active_claim(feedback)
    mine = held is not None and held.officer_id == user.pk
    context = {
        "feedback": feedback,
        "language_name": dict(settings.LANGUAGES).get(feedback.language, feedback.language),
        "held": held,
        "mine": mine,
        "contact": getattr(feedback, "contact", None) if mine else None,
        "works_here": Feedback.objects.workable_by(user).filter(pk=feedback.pk).exists(),
        "may": {permission.name.lower(): user.may(permission) for permission in Permission},
        "answers": queries.approved_responses(feedback).select_related("author", "approver"),
        "photos": feedback.photos.defer("content"),
        "history": queries.history(feedback, user),
        "earlier": queries.earlier_here(feedback, user),
        "words_go_at": _words_go_at(feedback),
        "now": timezone.now(),
        **_forms(request, feedback),
        **extra,
    }
    return render(request, "desk/feedback.html", context)


def _words_go_at(feedback: Feedback) -> datetime | None:
    """When the words go if nobody ends the thread; None where something else decides, or they are gone."""
    if feedback.is_settled or feedback.about_officer or feedback.erased_at:
        return None
    return queries.last_said_at(feedback) + words_kept()


def _forms(request: HttpRequest, feedback: Feedback) -> dict[str, Any]:
    """The answer in the making and everything that can be filled in, each with ids of its own."""
    response = queries.open_response(feedback)
    openings = openings_for(
        feedback.kind, language=feedback.language, about_officer=feedback.about_officer
    )
    return {
        "response": response,
        "openings": openings,
        "draft_form": DraftForm(initial=_draft(request, response, openings)),
        "verdict_form": _verdict_form(response),
        "reason_form": ReasonForm(auto_id="close_%s"),
        "reroute_form": RerouteForm(),
    }


def _draft(
    request: HttpRequest, response: Response | None, openings: tuple[str, ...]
) -> dict[str, Any]:
    """The draft as saved; before there is one, the opening the officer chose."""
    if response is not None:
        return {
            "text": response.text,
            "asks_resident": response.asks_resident,
            "version": response.version,
        }
    by_number = {str(number): text for number, text in enumerate(openings)}
    chosen = by_number.get(request.GET.get("opening", ""))
    return {"text": chosen} if chosen else {}


@staff_page
@require_POST
@about_feedback
def claim(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    actions.claim(feedback=feedback, by=user_of(request), now=timezone.now())
    return back_to(request, feedback)


@staff_page
@require_POST
@about_feedback
def release(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    actions.release_claim(feedback=feedback, by=user_of(request), now=timezone.now())
    messages.success(request, _("It is back in the queue."))
    return redirect("desk:queue")


@staff_page
@require_POST
@about_feedback
def draft(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    """Save the answer; with the other button, also send it to a second person."""
    form = DraftForm(request.POST)
    if not form.is_valid():
        return _screen(request, feedback, draft_form=form)
    by, now = user_of(request), timezone.now()
    try:
        response = actions.draft_response(feedback=feedback, by=by, now=now, **form.cleaned_data)
        if "send" in request.POST:
            actions.request_approval(response=response, by=by, now=now)
    except actions.NotAllowed:
        raise
    except actions.Refused as refusal:
        return _draft_again(request, feedback, form, refusal)
    if "send" in request.POST:
        messages.success(request, _("Sent for approval."))
        return redirect("desk:queue")
    messages.success(request, _("Saved."))
    return back_to(request, feedback)


def _draft_again(
    request: HttpRequest, feedback: Feedback, form: DraftForm, refusal: actions.Refused
) -> HttpResponse:
    """The officer's words as they typed them, beside what is in the way."""
    saved = queries.open_response(feedback)
    form.reshow_with(saved.version if saved else None)
    if isinstance(refusal, actions.TextConflict):
        return _screen(request, feedback, draft_form=form, conflict=refusal)
    form.add_error("text", str(refusal))
    return _screen(request, feedback, draft_form=form)


@staff_page
@require_GET
@requires(Permission.APPROVE)
def approvals(request: HttpRequest) -> HttpResponse:
    """What others wrote and this person could approve, longest waiting first."""
    waiting = queries.awaiting_approval(user_of(request))[:ROWS_PER_LIST]
    rows = [{"response": row, "form": _verdict_form(row)} for row in waiting]
    return render(request, "desk/approvals.html", {"rows": rows})


def _verdict_form(response: Response | None) -> VerdictForm:
    """With ids of its own, for several stand on one page."""
    version = response.version if response else 0
    return VerdictForm(
        initial={"version": version}, auto_id=f"verdict_{response.pk if response else 0}_%s"
    )


@staff_page
@require_POST
@about_feedback
def approve(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    response, form = _for_verdict(request, feedback)
    actions.approve_response(
        response=response,
        version=form.cleaned_data["version"],
        by=user_of(request),
        now=timezone.now(),
    )
    messages.success(request, _("Approved. The resident can read it now."))
    return redirect("desk:approvals")


@staff_page
@require_POST
@about_feedback
def return_to_author(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    response, form = _for_verdict(request, feedback)
    actions.return_response(
        response=response, by=user_of(request), now=timezone.now(), **form.cleaned_data
    )
    messages.success(request, _("Returned to the author with your reason."))
    return redirect("desk:approvals")


def _for_verdict(request: HttpRequest, feedback: Feedback) -> tuple[Response, VerdictForm]:
    response, form = queries.open_response(feedback), VerdictForm(request.POST)
    if response is None or not form.is_valid():
        raise actions.WrongState(_("This answer is not waiting for approval."))
    return response, form


@staff_page
@require_POST
@about_feedback
def close(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise actions.Refused(_("The reason is too long."))
    actions.close(feedback=feedback, by=user_of(request), now=timezone.now(), **form.cleaned_data)
    messages.success(request, _("Closed."))
    return redirect("desk:queue")


@staff_page
@require_POST
@about_feedback
def reroute(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    form = RerouteForm(request.POST)
    if not form.is_valid():
        raise actions.Refused(_("There is no such desk."))
    desk = Desk(form.cleaned_data["desk"])
    actions.reroute(feedback=feedback, desk=desk, by=user_of(request), now=timezone.now())
    messages.success(request, _("Sent to the other desk."))
    return back_to(request, feedback)
