"""What staff see of the records. What came from a file is read-only; what a person decides is not.

Made for tables of millions of rows: nothing counts a whole table, filters and searches use indexes.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from incidents import actions
from incidents.codes import CATEGORIES, TIERS
from incidents.importers import mapping_paths
from incidents.importers.uploads import receive
from incidents.models import (
    Address,
    Area,
    CallForService,
    CallRevision,
    ImportedFile,
    Incident,
    IncidentRevision,
    RefusedRow,
)
from incidents.queries import known_sources
from incidents.tasks import import_soon

COUNTED_ROWS = 10_000
MOST_PAGES = 100


class PatientPaginator(Paginator):
    """Counts small results and estimates large ones; offers the first hundred pages only.

    ``count(*)`` and a far OFFSET read every row on the way: 0.1 s and 1 s at 767,000 rows.
    """

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        few = rows.order_by()[: COUNTED_ROWS + 1].count()
        if few <= COUNTED_ROWS:
            return few
        with connection.cursor() as cursor:
            sql, parameters = rows.order_by().values("pk").query.sql_with_params()
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
            (plan,) = cursor.fetchone()
        return max(int(plan[0]["Plan"]["Plan Rows"]), few)

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, MOST_PAGES)


class ReadOnly(admin.ModelAdmin):
    """Rows that came from a file."""

    show_full_result_count = False
    paginator = PatientPaginator
    list_per_page = 50
    # Polygons of thousands of corners, which no list shows.
    deferred: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.deferred)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ChoiceFilter(admin.SimpleListFilter):
    """A filter over values that are known without reading the table."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        assert self.parameter_name is not None
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class CategoryFilter(ChoiceFilter):
    title = parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(category.slug, category.label) for category in CATEGORIES.values()]


class TierFilter(ChoiceFilter):
    title = parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(tier, tier) for tier in TIERS]


class SourceFilter(ChoiceFilter):
    title = parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(source, source) for source in known_sources()]


class _AreaFilter(admin.SimpleListFilter):
    kind: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = Area.objects.filter(kind=self.kind).order_by("code").values_list("id", "name")
        return [(str(id_), name) for id_, name in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        known = value and value.isdigit()
        return queryset.filter(**{f"{self.parameter_name}_id": value}) if known else queryset


class DistrictFilter(_AreaFilter):
    title = parameter_name = "district"
    kind = Area.Kind.DISTRICT


class BeatFilter(_AreaFilter):
    title = parameter_name = "beat"
    kind = Area.Kind.BEAT


class YearFilter(admin.SimpleListFilter):
    """Years from the first record to the last, found at both ends of an index."""

    title = parameter_name = "year"
    field = "occurred_from"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.model._default_manager.order_by(self.field).values_list(
            self.field, flat=True
        )
        first, last = rows.first(), rows.last()
        years = range(last.year, first.year - 1, -1) if first else []
        return [(str(year), str(year)) for year in years]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        known = value and value.isdigit()
        return queryset.filter(**{f"{self.field}__year": value}) if known else queryset


class ReceivedYearFilter(YearFilter):
    field = "received_at"


class ByNumber(ReadOnly):
    """Found by the number that the police gave it, or its beginning."""

    search_fields = ("source_id",)
    search_help_text = "The police's own number, or its beginning."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        # With the source named, PostgreSQL finds the beginning in the index of the unique key.
        return queryset.filter(source__in=known_sources(), source_id__startswith=term), False


@admin.register(Incident)
class IncidentAdmin(ByNumber):
    list_display = (
        "source_id", "occurred_from", "category", "tier", "code_label", "address_text",
        "district", "beat", "is_sealed",
    )  # fmt: skip
    list_select_related = ("district", "beat")
    deferred = ("district__geometry", "beat__geometry")
    list_filter = (CategoryFilter, TierFilter, DistrictFilter, BeatFilter, YearFilter, SourceFilter)
    ordering = ("-occurred_from", "id")
    actions = ("seal",)

    @admin.action(
        description="Seal: publish and count nothing of these records", permissions=["seal"]
    )
    def seal(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        for incident in queryset:
            actions.seal_incident(
                incident=incident, by=request.user.get_username(), now=timezone.now()
            )
        self.message_user(request, "Sealed. The next release takes them out.", messages.SUCCESS)

    def has_seal_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("incidents.change_incident")


@admin.register(CallForService)
class CallForServiceAdmin(ByNumber):
    list_display = (
        "source_id", "received_at", "call_type", "category", "tier", "priority", "address_text",
        "district", "disposition",
    )  # fmt: skip
    list_select_related = ("district",)
    deferred = ("district__geometry",)
    list_filter = (CategoryFilter, TierFilter, DistrictFilter, ReceivedYearFilter, SourceFilter)
    ordering = ("-received_at", "id")


class RevisionAdmin(ByNumber):
    list_display = (
        "source_id", "revision", "source", "replaced_at", "replaced_by", "replaced_by_file_id",
        "reason",
    )  # fmt: skip
    ordering = ("-id",)


admin.site.register([IncidentRevision, CallRevision], RevisionAdmin)


@admin.register(Area)
class AreaAdmin(ReadOnly):
    list_display = ("name", "kind", "code", "parent", "population")
    list_select_related = ("parent",)
    deferred = ("geometry", "parent__geometry")
    list_filter = ("kind",)
    search_fields = ("name", "code")
    ordering = ("kind", "code")
    exclude = ("geometry",)  # a page of coordinates helps nobody


@admin.register(Address)
class AddressAdmin(ReadOnly):
    list_display = ("__str__", "kind", "number_to", "stands_for", "use", "district", "beat")
    list_select_related = ("district", "beat")
    deferred = ("district__geometry", "beat__geometry")
    list_filter = (DistrictFilter, BeatFilter)
    search_fields = ("street_key__startswith", "=source_id")
    ordering = ("street_key", "number_from")


class UploadForm(forms.ModelForm):
    """A file and what it is."""

    source = forms.ChoiceField(help_text="The mapping file that fits (docs/adopt.md).")
    upload = forms.FileField(
        label="File", help_text="CSV, TSV, GeoJSON or Excel; .gz and .xz are read too."
    )

    class Meta:
        model = ImportedFile
        fields = ("source",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["source"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in mapping_paths()]

    def save_m2m(self) -> None:
        """The admin asks every form for this; a file has no such relations."""


@admin.register(ImportedFile)
class ImportedFileAdmin(ReadOnly):
    """Upload a file; read what came of each."""

    list_display = (
        "name", "source", "state", "started_at", "imported_by", "rows_in", "rows_new",
        "rows_revised", "rows_same", "rows_refused", "severity",
    )  # fmt: skip
    list_filter = ("state", SourceFilter)
    ordering = ("-id",)
    fields = (
        "source", "name", "state", "started_at", "finished_at", "imported_by", "size_bytes",
        "rows_in", "rows_new", "rows_revised", "rows_same", "rows_refused", "refused_rows",
        "quality_report", "sha256", "mapping_sha256",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("incidents.add_importedfile")

    def get_form(
        self,
        request: HttpRequest,
        obj: ImportedFile | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm]:
        if obj is None:
            return UploadForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: ImportedFile | None = None) -> Any:
        return ("source", "upload") if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ImportedFile | None = None) -> Any:
        return () if obj is None else self.fields

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> ImportedFile:
        upload = form.cleaned_data["upload"]
        return receive(
            upload.chunks(),
            source=form.cleaned_data["source"],
            name=upload.name,
            by=request.user.get_username(),
            now=timezone.now(),
        )

    def save_model(self, request: HttpRequest, obj: ImportedFile, form: Any, change: bool) -> None:
        """The row is there already; wake the worker."""
        transaction.on_commit(import_soon)

    @admin.display(description="report")
    def severity(self, file: ImportedFile) -> str:
        return str(file.quality.get("severity", ""))

    @admin.display(description="refused rows")
    def refused_rows(self, file: ImportedFile) -> SafeString | str:
        if not file.rows_refused or file.state == ImportedFile.State.FAILED:
            return "none kept"
        url = reverse("admin:incidents_refusedrow_changelist")
        return format_html(
            '<a href="{}?imported_file__id__exact={}">{} rows</a>', url, file.pk, file.rows_refused
        )

    @admin.display(description="data quality report")
    def quality_report(self, file: ImportedFile) -> str:
        return quality_html(file.quality)


def quality_html(report: dict[str, Any]) -> SafeString:
    """A data quality report for people."""
    tables = [
        (title, report.get(name))
        for title, name in (
            ("Refused rows by reason", "refused"),
            ("Records by category", "categories"),
            ("Records by tier", "tiers"),
            ("Codes that the mapping does not know", "unknown_codes"),
        )
    ]
    context = {"report": report, "tables": tables}
    return render_to_string("incidents/_quality_report.html", context)


@admin.register(RefusedRow)
class RefusedRowAdmin(ReadOnly):
    list_display = ("row_number", "reason", "detail", "imported_file")
    list_select_related = ("imported_file",)
    list_filter = (("imported_file", admin.RelatedOnlyFieldListFilter),)
    ordering = ("-imported_file", "row_number")
