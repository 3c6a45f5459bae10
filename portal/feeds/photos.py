"""Photos beside public messages: the few that a person who saw them let through."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from portal.feeds.doors import open_door, problem
from portal.feeds.rows import in_release
from portal.models import Dataset, PublishedFeedback, PublishedPhoto

SOON = "public, max-age=300"  # it may be taken back
# A picture that is opened as a page of its own runs nothing and asks nobody.
ALONE = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"


@open_door
def photo(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One photo of the newest release; gone with its message."""
    found = _shown_now(public_id)
    if found is None:
        return problem(HTTPStatus.NOT_FOUND, "No such photo", "There is none, or not any more.")
    headers = {"Cache-Control": SOON, "Content-Security-Policy": ALONE}
    return HttpResponse(bytes(found.jpeg), content_type="image/jpeg", headers=headers)


def _shown_now(public_id: str) -> PublishedPhoto | None:
    dataset = Dataset.objects.select_related("current").filter(slug="feedback").first()
    if dataset is None or dataset.current is None:
        return None
    number = dataset.current.number
    photo = in_release(PublishedPhoto.objects.filter(public_id=public_id), number).first()
    if photo is None:
        return None
    message = PublishedFeedback.objects.filter(public_id=photo.feedback_public_id)
    return photo if in_release(message, number).exists() else None
