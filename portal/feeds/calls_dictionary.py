"""Calls for service, in the words of the data dictionary."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.columns import ID, WHEN, WHERE
from portal.feeds.specs import DatasetSpec, Field
from portal.vocabulary import CATEGORIES

CALLS: Final = DatasetSpec(
    slug="calls",
    title=_("Calls for service"),
    summary=_(
        "What people called the police about, and what officers called in, with the place and time coarsened as for incidents."
    ),
    one_row_is=_("one call that may be published on its own"),
    updated=_("daily at 06:00 city time, seven days or more after the period of the call"),
    caveats=(
        _(
            "A call is what a caller or a dispatcher said. It is not proof that anything happened, and several calls can be about one event."
        ),
        _(
            "A call about a police record has the place and time of the record, and is published only where the record is."
        ),
        _(
            "Calls about people appear only in groups of five or more events from at least three addresses."
        ),
        _(
            "Sexual, domestic, child, health and self-harm calls are never rows, nor is a call of a type that nobody classified."
        ),
        _("How long officers took is not told call by call."),
    ),
    fields=(
        ID,
        Field(
            "category",
            "string",
            _(
                "What the call was about, from the vocabulary on the methods page. Where the police's record of the "
                "same address says better what it was than the caller could, what the record says."
            ),
            values=CATEGORIES,
            example="noise",
        ),
        *WHEN,
        *WHERE,
    ),
    key=("public_id",),
    keywords=("police", "calls for service", "dispatch", "911"),
    every="P1D",
    time_resolution="PT6H",
)
