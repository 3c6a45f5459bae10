"""Where staff decide what of a thread may be published: the words, the answer, each photo."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from community import actions, queries
from community.desk import ROWS_PER_LIST, about_feedback, back_to, requires, staff_page, user_of
from community.forms import RedactionForm
from community.models import Feedback
from community.redaction import SecondLook, find_personal_data, marked, mask, whole_lines
from community.roles import Permission

PHOTOS_PER_LIST = 12  # each is a picture of up to 2,048 pixels

# An image that is opened as a page of its own runs nothing and asks nobody.
_ALONE = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"


@staff_page
@require_GET
@requires(Permission.REVIEW_REDACTION)
def to_review(request: HttpRequest) -> HttpResponse:
    """What waits for a person's word, what came first on top: the words, and the photos beside words."""
    user = user_of(request)
    context = {
        "rows": queries.to_review(user)[:ROWS_PER_LIST],
        "photos": queries.photos_to_decide(user)[:PHOTOS_PER_LIST],
        "n_photos": queries.photos_to_decide(user).count(),
        "now": timezone.now(),
    }
    return render(request, "desk/to_review.html", context)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVIEW_REDACTION)
@about_feedback
def redaction(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    """Both texts with what the rules found marked in them; on POST a person's word on the public ones."""
    if request.method != "POST":
        return _screen(request, feedback, RedactionForm(initial=_proposed(feedback)))
    form = RedactionForm(request.POST)
    if not form.is_valid():
        return _screen(request, feedback, form)
    try:
        actions.review_redaction(
            feedback=feedback,
            may_be_published="publish" in request.POST,
            confirmed=request.POST.get("confirmed", ""),
            by=user_of(request),
            now=timezone.now(),
            **form.cleaned_data,
        )
    except actions.Doubtful as doubt:
        form.add_error(None, str(doubt))
        return _screen(request, feedback, form, look=doubt.look)
    messages.success(request, _("Noted. It is final; it can only be taken back."))
    if feedback.photos.filter(decided_at__isnull=True).exists() and "publish" in request.POST:
        messages.info(request, _("Its photos wait for your look below."))
    return redirect("desk:to-review")


def _proposed(feedback: Feedback) -> dict[str, str]:
    """What the rules would publish, for a person to mend."""
    answer = queries.answer_to_publish(feedback)
    texts = {"text": feedback.text, "answer": answer.text if answer else ""}
    return {
        name: mask(
            text,
            find_personal_data(text, gazetteer=queries.gazetteer()).spans,
            language=feedback.language,
        )
        for name, text in texts.items()
    }


def _screen(
    request: HttpRequest, feedback: Feedback, form: RedactionForm, look: SecondLook | None = None
) -> HttpResponse:
    """``look``: what the rules found in what the person typed; it needs a confirmation."""
    answer = queries.answer_to_publish(feedback)
    context: dict[str, Any] = {
        "feedback": feedback,
        "form": form,
        "texts": [
            (_("The resident wrote"), *_marked(feedback.text)),
            (_("We answered"), *_marked(answer.text if answer else "")),
        ],
        "look": look,
        "photos": feedback.photos.defer("content"),
        "works_here": Feedback.objects.workable_by(request.user).filter(pk=feedback.pk).exists(),
    }
    if look is not None:
        found = {"text": look.text, "answer": look.answer}
        context["typed"] = [
            (form[name].label, marked(whole_lines(form.cleaned_data[name]), findings))
            for name, findings in found.items()
            if findings.spans or findings.reasons
        ]
        context["reasons"] = sorted({*look.text.reasons, *look.answer.reasons})
    return render(request, "desk/redaction.html", context)


def _marked(text: str) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    found = find_personal_data(text, gazetteer=queries.gazetteer())
    return marked(text, found), found.reasons


@staff_page
@require_POST
@requires(Permission.WITHDRAW_PUBLICATION)
@about_feedback
def withdraw(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    """Take published words back; they leave with the next release."""
    actions.withdraw_publication(feedback=feedback, by=user_of(request), now=timezone.now())
    messages.success(request, _("Taken back. The words leave with the next release."))
    return back_to(request, feedback)


@staff_page
@require_GET
@about_feedback
def photo(request: HttpRequest, feedback: Feedback, photo: uuid.UUID) -> HttpResponse:
    """One photo, drawn anew by us, for whoever may see its thread."""
    shown = get_object_or_404(feedback.photos, pk=photo)
    response = HttpResponse(bytes(shown.content), content_type="image/jpeg")
    response["Content-Security-Policy"] = _ALONE
    response["Content-Disposition"] = 'inline; filename="photo.jpg"'
    return response


@staff_page
@require_POST
@requires(Permission.REVIEW_REDACTION)
@about_feedback
def decide_photo(request: HttpRequest, feedback: Feedback, photo: uuid.UUID) -> HttpResponse:
    """A person's word on whether a photo may be shown beside the public words."""
    seen = get_object_or_404(feedback.photos.defer("content"), pk=photo)
    actions.decide_photo(
        photo=seen, may_be_public="publish" in request.POST, by=user_of(request), now=timezone.now()
    )
    messages.success(request, _("Noted."))
    return redirect("desk:to-review") if "listed" in request.POST else back_to(request, feedback)
