"""What staff see of the vault's devices. What a device said is read-only; what a person decides is not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from sensors import actions
from sensors.fault_wording import sentence, what_is_done
from sensors.kinds import KINDS
from sensors.models import (
    AcousticEvent,
    AcousticReview,
    AssetFault,
    DeviceKey,
    DirtyWindow,
    IngestBatch,
    Observation,
    Quarantined,
    Sensor,
    Source,
)

MAX_REPLAYED = 5_000  # in one request; the rest by another


class ReadOnly(admin.ModelAdmin):
    """Rows that came from a device or were made by the core: to be looked at."""

    show_full_result_count = False  # counting all of them costs more than showing some

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class SensorForm(forms.ModelForm):
    kind = forms.ChoiceField(choices=[(name, kind.label) for name, kind in KINDS.items()])

    class Meta:
        model = Sensor
        fields = (
            "serial",
            "kind",
            "name",
            "source",
            "lon",
            "lat",
            "z_m",
            "is_active",
            "installed_on",
        )


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):
    list_display = ("slug", "name", "is_active", "created_at")
    search_fields = ("slug", "name")
    fields = ("slug", "name", "is_active")

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(DeviceKey)
class DeviceKeyAdmin(ReadOnly):
    """Keys are issued on the command line, where their secret can be shown once."""

    list_display = ("key_id", "source", "created_at", "retired_at")
    fields = ("key_id", "source", "created_at", "retired_at")
    list_select_related = ("source",)
    actions = ("retire",)

    @admin.action(description="Retire the selected keys", permissions=["retire"])
    def retire(self, request: HttpRequest, queryset: QuerySet[DeviceKey]) -> None:
        for key in queryset:
            actions.retire_key(key_id=key.key_id, now=timezone.now())
        self.message_user(request, f"{len(queryset)} keys are retired.")

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sensors.change_devicekey")


@admin.register(Sensor)
class SensorAdmin(admin.ModelAdmin):
    form = SensorForm
    list_display = ("serial", "kind", "name", "source", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("source",)
    search_fields = ("serial", "name")


@admin.register(IngestBatch)
class IngestBatchAdmin(ReadOnly):
    list_display = (
        "id",
        "source",
        "channel",
        "message_kind",
        "received_at",
        "state",
        "n_messages",
        "n_stored",
        "n_repeated",
        "n_quarantined",
    )
    list_filter = ("state", "channel", "message_kind")
    list_select_related = ("source",)
    exclude = ("body",)
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.action(description="Try parked batches again", permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[IngestBatch]) -> None:
        n_batches = actions.unpark(ids=queryset.values_list("pk", flat=True))
        self.message_user(request, f"{n_batches} parked batches wait to be drained again.")

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sensors.change_ingestbatch")


@admin.register(Quarantined)
class QuarantinedAdmin(ReadOnly):
    list_display = ("id", "reason", "detail", "batch", "quarantined_at", "replayed_at")
    list_filter = ("reason", ("replayed_at", admin.EmptyFieldListFilter))
    list_select_related = ("batch",)
    ordering = ("-id",)
    actions = ("replay",)

    @admin.action(description="Put the selected messages through again", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Quarantined]) -> None:
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[:MAX_REPLAYED])
        done = actions.replay_quarantined(ids=ids, now=timezone.now())
        level = messages.WARNING if done.n_still_refused else messages.SUCCESS
        text = (
            f"{done.n_stored} stored, {done.n_repeated} were stored already, "
            f"{done.n_still_refused} are still refused."
        )
        self.message_user(request, text, level)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sensors.change_quarantined")


@admin.register(DirtyWindow)
class DirtyWindowAdmin(ReadOnly):
    """Minutes that wait for the detector, and those on which it failed."""

    list_display = ("starts_at", "touched_at", "attempts", "parked_at", "parked_because")
    list_filter = (("parked_at", admin.EmptyFieldListFilter),)
    ordering = ("-starts_at", "-id")
    actions = ("try_again",)

    @admin.action(
        description="Let the detector try parked windows again", permissions=["try_again"]
    )
    def try_again(self, request: HttpRequest, queryset: QuerySet[DirtyWindow]) -> None:
        n_windows = actions.unpark_windows(ids=queryset.values_list("pk", flat=True))
        self.message_user(request, f"{n_windows} parked windows wait for the detector again.")

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sensors.change_dirtywindow")


@admin.register(AcousticEvent)
class AcousticEventAdmin(ReadOnly):
    list_display = (
        "id",
        "occurred_at",
        "kind",
        "probability",
        "n_shots",
        "provider",
        "revision",
        "withdrawn_at",
    )
    list_filter = ("provider", "kind", ("withdrawn_at", admin.EmptyFieldListFilter))
    date_hierarchy = "occurred_at"
    ordering = ("-occurred_at",)


@admin.register(AcousticReview)
class AcousticReviewAdmin(ReadOnly):
    """Reviews are written in the gunfire room; here they are looked through."""

    list_display = (
        "reviewed_at",
        "reviewer",
        "finding",
        "reason",
        "event_id",
        "event_revision",
        "said_kind",
        "said_probability",
    )
    list_filter = ("finding", "said_kind")
    list_select_related = ("reviewer",)
    date_hierarchy = "reviewed_at"
    ordering = ("-reviewed_at",)


@admin.register(AssetFault)
class AssetFaultAdmin(ReadOnly):
    """What is wrong with microphones, in words; a person can say that it is repaired."""

    list_display = ("sensor", "kind", "what", "done", "found_at", "seen_at", "cleared_at")
    list_filter = (("cleared_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("sensor",)
    search_fields = ("sensor__serial",)
    readonly_fields = ("what", "done")
    ordering = ("-found_at", "-id")
    actions = ("repaired",)

    @admin.display(description="What is wrong")
    def what(self, fault: AssetFault) -> str:
        return sentence(fault)

    @admin.display(description="What the detector does about it")
    def done(self, fault: AssetFault) -> str:
        return what_is_done(fault)

    @admin.action(description="Declare the selected faults repaired", permissions=["repair"])
    def repaired(self, request: HttpRequest, queryset: QuerySet[AssetFault]) -> None:
        ids = queryset.values_list("pk", flat=True)
        n_faults = actions.declare_repaired(ids=ids, now=timezone.now())
        self.message_user(request, f"{n_faults} faults are closed as repaired.")

    def has_repair_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sensors.change_assetfault")


@admin.register(Observation)
class ObservationAdmin(ReadOnly):
    list_display = ("datastream", "phenomenon_at", "result", "flag", "received_at")
    list_filter = ("flag", "datastream__observed_property")
    list_select_related = ("datastream",)
    ordering = ("-id",)
