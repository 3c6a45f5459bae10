"""What residents write, in the words of the data dictionary."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.columns import ID
from portal.feeds.specs import DatasetSpec, Field

# The same words as on the form; a test proves that they agree.
MESSAGE_KINDS: Final = {
    "report": _("Report"),
    "question": _("Question"),
    "praise": _("Praise"),
    "complaint": _("Complaint"),
}
TOPICS: Final = {
    "safety": _("Crime or safety"),
    "patrol": _("Police presence or patrols"),
    "conduct": _("How an officer or other staff acted"),
    "traffic": _("Traffic or parking"),
    "noise": _("Noise"),
    "street-light": _("Street lights"),
    "bin": _("Bins and collection"),
    "charging": _("Vehicle charging points"),
    "records": _("A record or number on this site"),
    "other": _("Something else"),
}

FEEDBACK: Final = DatasetSpec(
    slug="feedback",
    title=_("What residents write"),
    summary=_(
        "Messages of residents to the city and its police, with the answers: the words only where their writer "
        "allowed it and after a person took out what could tell who wrote or whom it is about."
    ),
    one_row_is=_("one message of a resident"),
    updated=_(
        "Mondays at 06:00 city time, seven days or more after the week, when the message was answered and looked at"
    ),
    caveats=(
        _(
            "Messages are not a survey: who writes is not who lives here, and one person may write many times."
        ),
        _(
            "A message stands in its district only where at least five of the same week stand there together; "
            "else it stands for the city. A week with fewer than five is not told yet."
        ),
        _(
            "Complaints about how an officer or other staff acted have no words, no answer, no district and no "
            "week: they are counted by the quarter for the city, in groups of at least five."
        ),
        _(
            "A message about a public record has the district of the record, whatever its writer named."
        ),
        _(
            "What nobody has looked at within 60 days is counted without its words, so that none can be kept out "
            "by not looking at it."
        ),
        _(
            "A row leaves for good when its writer, or oversight, takes the words back, and when the record that "
            "it is about is retired. Earlier releases stay as they were."
        ),
        _(
            "Words in square brackets, such as [name], stand for what was taken out; they are not the writer's."
        ),
    ),
    fields=(
        ID,
        Field(
            "period",
            "string",
            _(
                "The ISO week in which it came (2026-W47), city time; for complaints about staff the quarter (2026-Q4)."
            ),
            pattern="([0-9]{4}-W[0-9]{2}|[0-9]{4}-[0-9]{2}|[0-9]{4}-Q[1-4]|[0-9]{4})",
            example="2026-W47",
        ),
        Field(
            "starts_at",
            "datetime",
            _("Start of the period, with offset (UTC)."),
            example="2026-11-16T06:00:00Z",
        ),
        Field(
            "ends_at",
            "datetime",
            _("End of the period, with offset (UTC); not part of it."),
            example="2026-11-23T06:00:00Z",
        ),
        Field(
            "district",
            "string",
            _("The police district, as its slug in the dataset areas."),
            _(
                "only the city is told: too few wrote from there that week, or no district was named"
            ),
            "coarsened",
            references="areas.slug",
        ),
        Field(
            "kind",
            "string",
            _("What its writer wanted to do."),
            values=MESSAGE_KINDS,
            example="question",
        ),
        Field(
            "topic",
            "string",
            _("What it is about, in its writer's choice."),
            values=TOPICS,
            example="street-light",
        ),
        Field(
            "text",
            "string",
            _("The message, after a person took out names, addresses and the like."),
            _("its writer did not allow it, or staff did not let it through"),
            "withheld",
        ),
        Field(
            "answer",
            "string",
            _(
                "The answer that the city gave, after a person took out names, addresses and the like."
            ),
            _("the message is not told either, there was no answer, or it was not let through"),
            "withheld",
        ),
        Field(
            "answer_days",
            "integer",
            _(
                "Whole working days from the message to the first answer, by the city's calendar; 0: within one."
            ),
            _("there was no answer by then; of complaints about staff it is not told"),
            "withheld",
            unit="d",
            minimum=0,
        ),
        Field(
            "about_public_id",
            "string",
            _("The public record that it is about: its id in incidents, gunfire or calls."),
            _("it is about no public record"),
            "not_applicable",
            pattern="[0-9a-f]{24}",
        ),
        Field(
            "photos",
            "string",
            _(
                "Addresses on this site of its photos, one space between: drawn anew, and let through by a person."
            ),
            _("no photo is shown"),
            "withheld",
        ),
    ),
    has_geometry=False,
    key=("public_id",),
    keywords=("feedback", "residents", "complaints", "commendations", "response time"),
    every="P7D",
    time_resolution="P7D",
)
