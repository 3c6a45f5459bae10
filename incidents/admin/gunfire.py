"""Responses to alerts and confirmed shootings: read, filtered, and linked by hand with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from incidents import actions
from incidents.admin.records import ByNumber, ChoiceFilter, ReadOnly, RevisionAdmin, YearFilter
from incidents.admin.records import SourceFilter as _SourceFilter
from incidents.models import AlertResponse, AlertResponseRevision, ConfirmedShooting, Unlinked
from incidents.tasks import link_soon
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent

NEAR = dt.timedelta(minutes=30)
MOST_CANDIDATES = 20

admin.site.register(AlertResponseRevision, RevisionAdmin)


class DispositionFilter(ChoiceFilter):
    title = parameter_name = "disposition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return AlertResponse.Disposition.choices


class LinkFilter(admin.SimpleListFilter):
    """How it was linked, or why it was not."""

    title, parameter_name = "link", "link"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ways = [] if model_admin.model is ConfirmedShooting else AlertResponse.Link.choices
        return [*ways, *((value, f"None: {label}") for value, label in Unlinked.choices)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value in Unlinked.values:
            return queryset.filter(unlinked_because=value)
        return queryset.filter(linked_by=value) if value else queryset


class AlertedYearFilter(YearFilter):
    field = "alerted_at"


class ShootingYearFilter(YearFilter):
    field = "occurred_at"


class LinkForm(forms.ModelForm):
    """Which alert a response was about, in a person's words."""

    ALERT, NONE, AUTOMATIC = "alert", "none", "automatic"

    verdict = forms.ChoiceField(
        choices=[
            (ALERT, "It was about the alert named below"),
            (NONE, "It was about no alert"),
            (AUTOMATIC, "Leave it to place and time again"),
        ]
    )
    alert = forms.CharField(required=False, help_text="The alert's number.")
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), min_length=3, max_length=200)

    class Meta:
        model = AlertResponse
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("verdict") == self.ALERT:
            cleaned["event"] = self._named(cleaned.get("alert", "").strip())
        return cleaned

    def _named(self, number: str) -> AcousticEvent | None:
        """The alert of that number; of several the nearest in time, for vendors start again from 1."""
        named = AcousticEvent.objects.filter(provider_event_id=number, withdrawn_at__isnull=True)
        at = self.instance.alerted_at
        events = sorted(named, key=lambda event: abs(event.occurred_at - at))
        if not events:
            self.add_error("alert", f"got {number!r}; wanted the number of an alert that stands")
            return None
        return events[0]

    def save_m2m(self) -> None:
        """The admin asks every form for this; a response has no such relations."""


@admin.register(AlertResponse)
class AlertResponseAdmin(ByNumber):
    list_display = (
        "source_id", "alerted_at", "disposition", "event", "linked_by", "unlinked_because",
        "separation_m", "separation_s", "officer_minutes", "report_number",
    )  # fmt: skip
    list_select_related = ("event",)
    list_filter = (DispositionFilter, LinkFilter, AlertedYearFilter, _SourceFilter)
    ordering = ("-alerted_at", "id")
    form = LinkForm

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = [field.name for field in AlertResponse._meta.fields if field.name != "id"]
        return [*names, "alerts_near_it"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        facts = (None, {"fields": self.get_readonly_fields(request, obj)})
        if not self.has_change_permission(request, obj):
            return [facts]
        by_hand = {
            "fields": ("verdict", "alert", "reason"),
            "description": "Kept with your name; no later file or run changes it.",
        }
        return [facts, ("Link by hand", by_hand)]

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> AlertResponse:
        response: AlertResponse = form.instance
        return response

    def save_model(self, request: HttpRequest, obj: AlertResponse, form: Any, change: bool) -> None:
        given = form.cleaned_data
        who = {"by": request.user.get_username(), "reason": given["reason"], "now": timezone.now()}
        if given["verdict"] == LinkForm.AUTOMATIC:
            actions.release_response(response=obj, **who)
            transaction.on_commit(link_soon)
        else:
            actions.link_response(response=obj, event=given.get("event"), **who)

    def construct_change_message(self, request: HttpRequest, form: Any, *rest: Any) -> Any:
        return f"linked by hand: {form.cleaned_data['verdict']} ({form.cleaned_data['reason']})"

    @admin.display(description="alerts near it")
    def alerts_near_it(self, response: AlertResponse) -> SafeString | str:
        """Number, kind, and how far it lies in time and place, for a person to choose from."""
        at = response.alerted_at
        near = AcousticEvent.objects.filter(
            occurred_at__range=(at - NEAR, at + NEAR), withdrawn_at__isnull=True
        ).order_by("occurred_at", "id")[:MOST_CANDIDATES]
        rows = [
            (
                event.provider_event_id, event.kind,
                f"{(at - event.occurred_at).total_seconds():+,.0f} s", _apart(response, event),
            )
            for event in near
        ]  # fmt: skip
        if not rows:
            return "none within half an hour"
        lines = format_html_join("", "<li>{} · {} · {} · {}</li>", rows)
        return format_html("<ul>{}</ul>", lines)


def _apart(response: AlertResponse, event: AcousticEvent) -> str:
    if response.lon is None or response.lat is None:
        return "no place"
    x, y = LocalPlane(event.lon, event.lat).to_xy(response.lon, response.lat)
    return f"{float((x**2 + y**2) ** 0.5):,.0f} m"


@admin.register(ConfirmedShooting)
class ConfirmedShootingAdmin(ReadOnly):
    """Derived from the records: to change one, correct the record or the link of its response."""

    list_display = (
        "occurred_at", "incident", "call", "n_records", "event", "unlinked_because",
        "is_covered", "separation_m", "separation_s",
    )  # fmt: skip
    list_select_related = ("incident", "call", "event")
    list_filter = ("is_covered", LinkFilter, ShootingYearFilter)
    ordering = ("-occurred_at", "id")
