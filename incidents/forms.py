"""What a reviewer fills in and asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from incidents.gunfire.alerts import STATES, Filters
from sensors.models import AcousticEvent, AcousticReview

LONGEST_REASON = 2_000

# What reviewers write again and again; one tick instead of a sentence.
PHRASES = (
    "Casings, bullets or bullet holes found",
    "A victim, or damage by gunfire",
    "Callers or witnesses heard or saw shots",
    "Officers searched and found nothing",
    "Fireworks seen, heard or found",
    "Construction, vehicle or other machine",
    "Timing and levels fit one place well",
    "Timing is poor, or a sensor is at fault",
)
HOURS = (3, 12, 24, 72)


class Ticks(forms.MultipleChoiceField):
    """Ticked or not, as words beside it may do instead; yet not called optional."""

    widget = forms.CheckboxSelectMultiple

    def validate(self, value: list[str]) -> None:
        if value:
            super().validate(value)


class FilterForm(forms.Form):
    """Which alerts; whatever it does not know is as if it had not been asked."""

    state = forms.ChoiceField(choices=list(STATES.items()), required=False)
    kind = forms.ChoiceField(
        choices=[("", "All kinds"), *AcousticEvent.Kind.choices], required=False
    )
    hours = forms.TypedChoiceField(
        choices=[(hours, f"Last {hours} hours") for hours in HOURS],
        coerce=int,
        required=False,
        label="On the map",
    )

    @property
    def filters(self) -> Filters:
        self.is_valid()
        return Filters(
            state=self.cleaned_data.get("state") or "all", kind=self.cleaned_data.get("kind") or ""
        )

    @property
    def span_h(self) -> int:
        self.is_valid()
        return self.cleaned_data.get("hours") or HOURS[1]


class ReviewForm(forms.Form):
    """A finding and why. revision: of the alert as it was shown."""

    finding = forms.ChoiceField(
        label="What do you find?",
        choices=AcousticReview.Finding.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what you find."},
    )
    phrases = Ticks(
        label="Why?",
        choices=[(phrase, phrase) for phrase in PHRASES],
        help_text="Tick what applies, or write below; one of the two is needed.",
    )
    words = forms.CharField(
        label="In your own words",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=LONGEST_REASON,
        required=False,
        help_text="Colleagues and oversight read it, with your name. No names of residents.",
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "words" in cleaned and "phrases" in cleaned and not self.reason:
            self.add_error("phrases", "Tick a reason, or write one.")
        return cleaned

    @property
    def reason(self) -> str:
        """The ticked phrases, then the words."""
        cleaned = self.cleaned_data
        ticked = "; ".join(phrase for phrase in PHRASES if phrase in cleaned.get("phrases", ()))
        return ". ".join(part for part in (ticked, cleaned.get("words", "").strip()) if part)

    def asked_again(self, *, revision: int) -> ReviewForm:
        """The same answers, now about the revision that the page shows."""
        assert isinstance(self.data, QueryDict)
        answers = self.data.copy()
        answers["revision"] = str(revision)
        return ReviewForm(answers)
