"""Where residents write and read the answer. Nobody signs in, and no page is kept or indexed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from community import abuse, actions, queries
from community.forms import CodeForm, FeedbackForm, NoteForm
from community.hours import service_calendar
from community.models import Feedback
from community.uploads import takes_photos

View = Callable[..., HttpResponse]

# Per network of up to 256 addresses: a library or a school writes less, a machine more.
WRITES_PER_HOUR = 20
# 60 bits of code against 180 guesses an hour.
TRIES_PER_TEN_MINUTES = 30
_COOKIE = "receipt"
_COOKIE_SALT = "community.receipt-once"


def private_page(view: View) -> View:
    """Not stored, not indexed, and no words in an error report."""

    @functools.wraps(view)
    def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return never_cache(sensitive_variables()(sensitive_post_parameters()(respond)))


@takes_photos
@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def feedback_new(request: HttpRequest) -> HttpResponse:
    """The form; on POST store it and lead to the receipt."""
    now = timezone.now()
    if request.method != "POST":
        form = FeedbackForm.blank(
            token=abuse.new_token(now), about=request.GET.get("about", "")[:200]
        )
        return render(request, "community/feedback/form.html", {"form": form})
    form = FeedbackForm(request.POST, request.FILES)
    token = _checked_token(request, form, now)
    emergency = form.must_hear_of_emergency
    if emergency:
        form.leave_photos()
    if token is None or emergency or not form.is_valid():
        # A browser does not keep chosen files when a form comes back.
        context = {"form": form, "emergency": emergency, "photos_lost": bool(request.FILES)}
        return render(request, "community/feedback/form.html", context)
    submitted = actions.submit_feedback(
        **form.submission(token), now=now, calendar=service_calendar()
    )
    return _lead_to_receipt(request, submitted.receipt)


def _checked_token(request: HttpRequest, form: FeedbackForm, now: datetime) -> abuse.Token | None:
    """The form's token; or None, with a sentence in the form that says what to do."""
    token = abuse.read_token(request.POST.get("token", ""))
    problem = ""
    if token is None or abuse.is_too_old(token, now):
        problem = _(
            "This page was open for more than a day. Please look it over and send it again."
        )
        form.reshow_with(abuse.new_token(now))
    elif request.POST.get("website"):
        problem = _("A hidden field was filled in, perhaps by your browser. Please send it again.")
        form.reshow_with(request.POST["token"])
    elif abuse.is_too_fast(token, now):
        problem = _("That was very quick. Please look it over and send it again.")
    elif not abuse.may_go_on(
        request, purpose="write", limit=WRITES_PER_HOUR, window=timedelta(hours=1), now=now
    ):
        problem = _(
            "Many messages came from your network. Please send it again in an hour, or call us."
        )
    if problem:
        form.leave_photos()
        form.add_error(None, problem)
        return None
    return token


def _lead_to_receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """To the page that shows the code once. It travels in a cookie that only that page receives."""
    response = redirect("community:feedback-sent")
    response.set_signed_cookie(
        _COOKIE,
        receipt,
        salt=_COOKIE_SALT,
        max_age=300,
        path=reverse("community:feedback-sent"),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@private_page
@require_GET
def feedback_sent(request: HttpRequest) -> HttpResponse:
    """The receipt code, once; afterwards a page that says so."""
    receipt = request.get_signed_cookie(_COOKIE, None, salt=_COOKIE_SALT, max_age=300)
    feedback = queries.feedback_by_code(receipt) if receipt else None
    context = {"receipt": receipt, "feedback": feedback}
    response = render(request, "community/feedback/sent.html", context)
    response.delete_cookie(_COOKIE, path=reverse("community:feedback-sent"), samesite="Lax")
    return response


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def feedback_track(request: HttpRequest) -> HttpResponse:
    """Ask for the code; on POST show the thread. The code is never part of an address."""
    if request.method != "POST":
        return render(request, "community/feedback/track.html", {"form": CodeForm()})
    form = CodeForm(request.POST)
    feedback = _found(request, form)
    if feedback is None:
        return render(request, "community/feedback/track.html", {"form": form})
    return _thread(request, feedback, form.cleaned_data["code"])


@private_page
@require_POST
def feedback_note(request: HttpRequest) -> HttpResponse:
    """Add a resident's further words."""
    return _add(request, actions.add_note, _("We added your words."))


@private_page
@require_POST
def feedback_not_solved(request: HttpRequest) -> HttpResponse:
    """The resident says that the answer did not solve it."""
    return _add(request, actions.reopen, _("It is open again, and an officer will look at it."))


@private_page
@require_POST
def feedback_withdraw(request: HttpRequest) -> HttpResponse:
    """The resident takes back that their words may be published."""
    code_form = CodeForm(request.POST)
    feedback = _found(request, code_form)
    if feedback is None:
        return render(request, "community/feedback/track.html", {"form": code_form})
    code, now = code_form.cleaned_data["code"], timezone.now()
    try:
        actions.withdraw_publication(feedback=feedback, by=None, now=now)
    except actions.Refused as refusal:
        return _thread(request, feedback, code, done=str(refusal))
    feedback.refresh_from_db()
    done = _("Your words will not be published. If they were, they leave with the next release.")
    return _thread(request, feedback, code, done=done)


def _add(request: HttpRequest, action: Callable[..., object], done: str) -> HttpResponse:
    code_form, form = CodeForm(request.POST), NoteForm(request.POST)
    feedback = _found(request, code_form)
    if feedback is None:
        return render(request, "community/feedback/track.html", {"form": code_form})
    code = code_form.cleaned_data["code"]
    if not form.is_valid():
        return _thread(request, feedback, code, form=form)
    text = form.cleaned_data["text"]
    try:
        action(feedback=feedback, text=text, now=timezone.now(), calendar=service_calendar())
    except actions.Refused as refusal:
        form.add_error(None, str(refusal))
        return _thread(request, feedback, code, form=form)
    feedback.refresh_from_db()
    return _thread(request, feedback, code, done=done)


def _found(request: HttpRequest, form: CodeForm) -> Feedback | None:
    """The thread of the form's code; or None, with a sentence in the form."""
    now, window = timezone.now(), timedelta(minutes=10)
    if not abuse.may_go_on(
        request, purpose="track", limit=TRIES_PER_TEN_MINUTES, window=window, now=now
    ):
        form.add_error(None, _("Too many tries from your network. Please wait ten minutes."))
        return None
    if not form.is_valid():
        return None
    feedback = queries.feedback_by_code(form.cleaned_data["code"])
    if feedback is None:
        form.add_error("code", _("We do not know this code. Please check each letter and digit."))
    return feedback


def _thread(request: HttpRequest, feedback: Feedback, code: str, **extra: Any) -> HttpResponse:
    context = {
        "feedback": feedback,
        "code": code,
        "answers": queries.approved_responses(feedback),
        "notes": feedback.notes.exclude(text=""),
        "photos": feedback.photos.defer("content"),
        "form": NoteForm(initial={"code": code}),
        **extra,
    }
    return render(request, "community/feedback/thread.html", context)
