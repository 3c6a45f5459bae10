"""The HTML with which somebody shows a figure of ours on their own page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from portal.drawings import in_a_sentence
from portal.feeds.dictionary import DATASETS
from portal.provenance import FigureRef

HEIGHT_PX = 640


def frame_of(request: HttpRequest, ref: FigureRef) -> str:
    """The HTML that a newsroom copies into its own page."""
    address = request.build_absolute_uri(reverse("portal:embed", args=[ref]))
    return (
        f'<iframe src="{escape(address)}" title="{escape(heading(ref))}"'
        f' width="100%" height="{HEIGHT_PX}" loading="lazy" style="border:0"></iframe>'
    )


def heading(ref: FigureRef) -> str:
    title = _(DATASETS[ref.dataset].title)
    if not ref.by:
        return title
    return _("%(dataset)s by %(columns)s") % {
        "dataset": title,
        "columns": ", ".join(map(in_a_sentence, ref.by)),
    }
