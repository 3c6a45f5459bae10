"""Open data: the list of datasets and a page for each."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal import components, queries, recipes
from portal.api.problems import ProblemError
from portal.api.questions import read_question
from portal.city import the_city
from portal.explorer import ANY, DATES, Explored
from portal.feeds.areas import areas_now
from portal.feeds.as_of import AsOfError, NoReleaseError, release_as_of
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import FilesAbsentError, manifest_of
from portal.feeds.renderers import FORMATS, formats_of
from portal.feeds.selection import SelectionError
from portal.feeds.specs import ABSENCES, DatasetSpec, Field
from portal.findings import number
from portal.models import Release
from portal.presentation import file_url
from portal.provenance import FigureRef
from portal.views.caching import public_page
from portal.views.catalogue import machine_readable
from portal.views.frames import frame_of, heading
from portal.views.refusals import in_words, status_of

RELEASES_SHOWN = 20
TYPES = {
    "string": gettext_noop("text"),
    "integer": gettext_noop("whole number"),
    "number": gettext_noop("number"),
    "datetime": gettext_noop("date and time"),
    "date": gettext_noop("date"),
    "boolean": gettext_noop("yes or no"),
}
GOOD_FOR = {
    "csv": gettext_noop("for spreadsheets, R and Python"),
    "json": gettext_noop("for programs"),
    "ndjson": gettext_noop("for programs that read row by row"),
    "geojson": gettext_noop("for maps, with the outline of each place"),
    "parquet": gettext_noop("for analysis: small, typed, with the outline of each place"),
}
PLAIN_PARQUET = ("Parquet", gettext_noop("for analysis: small and typed"))


def name_of(spec: DatasetSpec, suffix: str) -> tuple[str, str]:
    """What a file is called, and what it is good for; rows without a place make no GeoParquet."""
    if suffix == "parquet" and not spec.has_geometry:
        return PLAIN_PARQUET
    return FORMATS[suffix].name, GOOD_FOR[suffix]


# What a newcomer is looking for, and where it is.
GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        gettext_noop("What happened"),
        gettext_noop(
            "One row is one thing that happened. Good for counting by month, by kind and by part of the city."
        ),
        ("incidents", "calls", "feedback"),
    ),
    (
        gettext_noop("Gunfire"),
        gettext_noop(
            "What the microphones heard, and what came of it. Good for asking whether the system is worth its cost."
        ),
        ("gunfire", "gunfire-ledger", "gunfire-calibration"),
    ),
    (
        gettext_noop("How people are protected"),
        gettext_noop(
            "Totals of what is too delicate for rows, and the account of what every release gives away."
        ),
        ("sensitive-totals", "privacy-budget", "privacy-audit"),
    ),
    (
        gettext_noop("The map"),
        gettext_noop(
            "The fixed shapes that rows point to. Good for joining with maps and with the census."
        ),
        ("areas", "cells", "places"),
    ),
)


@public_page
def dataset_list(request: HttpRequest) -> HttpResponse:
    groups = [
        {"title": _(title), "good_for": _(good_for), "datasets": [listed(slug) for slug in slugs]}
        for title, good_for, slugs in GROUPS
    ]
    return render(request, "portal/data/list.html", {"groups": groups})


def listed(slug: str) -> dict[str, Any]:
    spec, release = DATASETS[slug], queries.current_release(slug)
    return {
        "spec": spec,
        "release": release,
        "ref": FigureRef(slug, release.number) if release else None,
        "files": [(name_of(spec, suffix)[0], suffix) for suffix in formats_of(spec)],
    }


@public_page
def dataset_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What a dataset holds, explored by filters; dictionary, files, releases, how to cite and to use it."""
    spec = DATASETS.get(slug)
    if spec is None:
        raise Http404
    context: dict[str, Any] = {
        "spec": spec,
        "dictionary": dictionary_table(spec),
        "releases": releases_table(slug),
        "machine_readable": machine_readable(request, slug),
    }
    status = HTTPStatus.OK
    try:
        release = chosen_release(request, slug)
        context |= {"dataset_release": release, "is_current": is_current(release)}
        if release:
            explored = explore(request, release)
            frames = [(heading(ref), frame_of(request, ref)) for ref in explored.figure_refs]
            context |= taking_along(request, release) | {"explored": explored, "frames": frames}
            context["citation"] = citation(request, explored)
    except (AsOfError, NoReleaseError, ProblemError, SelectionError) as error:
        context["refused"], status = in_words(error, request.GET, slug), status_of(error)
    return render(request, "portal/data/detail.html", context, status=status)


def chosen_release(request: HttpRequest, slug: str) -> Release | None:
    """The current one, None before the first; or as the address says."""
    as_of = request.GET.get("as_of", "")
    return release_as_of(slug, as_of) if as_of else queries.current_release(slug)


def is_current(release: Release | None) -> bool:
    current = queries.current_release(release.dataset.slug) if release else None
    return release is None or current is None or current.number == release.number


def explore(request: HttpRequest, release: Release) -> Explored:
    """What was asked of it. A form sends its empty fields along, which ask nothing."""
    asked = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        given = [value for value in values if value != ANY and (value or name not in DATES)]
        if given:
            asked.setlist(name, given)
    slug, areas = release.dataset.slug, areas_now()
    question = read_question(asked, slug, "rows", release=release.number, areas=areas)
    explored = Explored(release, question, areas, asked)
    _ = explored.rows  # a cursor of another question is refused here, not in the template
    return explored


def taking_along(request: HttpRequest, release: Release) -> dict[str, Any]:
    """Files, the address to cite, and programs that read the release."""
    csv_url = request.build_absolute_uri(file_url(release))
    return {
        "whole_ref": FigureRef(release.dataset.slug, release.number),
        "files": files_of(release),
        "parts": parts_of(release),
        "verification": release.verification,
        "recipes": recipes.readers(DATASETS[release.dataset.slug], csv_url),
    }


def citation(request: HttpRequest, explored: Explored) -> dict[str, str]:
    """What was chosen of which release, and where it can be seen for good; the hash is that of the whole file."""
    release = explored.release
    pairs = [
        (name, value)
        for name, values in explored.asked.lists()
        if name not in ("as_of", "cursor", "sort")
        for value in values
    ]
    query = urlencode([("as_of", str(release.number)), *pairs])
    page = reverse("portal:dataset-detail", args=[release.dataset.slug])
    return {
        "chosen": "" if explored.is_everything else explored.sentence,
        "url": request.build_absolute_uri(f"{page}?{query}"),
        "sha256": release.sha256,
    }


def parts_of(release: Release) -> list[dict[str, Any]]:
    """The monthly parts, newest first; none where a dataset has none or its files are being mended."""
    try:
        parts = manifest_of(release).get("parts", [])
    except FilesAbsentError:
        return []
    slug = release.dataset.slug
    manifest = reverse("feeds:release-manifest", args=[slug, release.number])
    folder = manifest.rpartition("/")[0]
    return [
        {"month": part["month"], "url": f"{folder}/{file['name']}", "bytes": file["bytes"]}
        for part in reversed(parts)
        if (file := part["files"]["csv"])
    ]


def dictionary_table(spec: DatasetSpec) -> dict[str, Any]:
    heads = (_("Column"), _("Type"), _("Meaning"), _("Values"), _("An empty cell means"))
    rows = [
        (
            field.name,
            _(TYPES[field.type]),
            _(field.description),
            values_of(field),
            absence_of(field),
        )
        for field in spec.fields
    ]
    columns = [components.Column(head) for head in heads]
    return components.table(_("Columns of this dataset"), columns, rows, absent="")


def values_of(field: Field) -> str:
    """What a column may hold: its words, its unit, what it refers to, an example; else any value of its type."""
    said = ", ".join(field.values) if field.values else ""
    if field.references:
        said = _("as in %(column)s") % {"column": field.references}
    if field.unit:
        said = _("in %(unit)s") % {"unit": field.unit}
    if not said and field.example:
        said = _("such as %(example)s") % {"example": field.example}
    return said or _("any")


def absence_of(field: Field) -> str:
    if not field.missing:
        return _("never empty")
    code = f" ({field.absence})" if field.absence in ABSENCES else ""
    return f"{_(field.missing)}{code}"


def releases_table(slug: str) -> dict[str, Any]:
    columns = [
        components.Column(_("Release")),
        components.Column(_("Speaks for")),
        components.Column(_("Rows"), is_number=True),
        components.Column(_("New"), is_number=True),
        components.Column(_("Retired"), is_number=True),
        components.Column(_("State")),
    ]
    rows = [
        (
            link_to(release),
            spoken_for(release),
            components.Link(
                number(release.n_rows),
                reverse("portal:verify", args=[FigureRef(slug, release.number)]),
            ),
            release.n_added,
            release.n_retired,
            state_of(release),
        )
        for release in queries.releases(slug)[:RELEASES_SHOWN]
    ]
    return components.table(_("Releases, newest first"), columns, rows, absent="")


def spoken_for(release: Release) -> str:
    """The day and hour in the city up to which a release could know."""
    local = release.as_of.astimezone(the_city().zone)
    return f"{formats.date_format(local, 'DATE_FORMAT')}, {local:%H:%M}"


def state_of(release: Release) -> str:
    if release.state == Release.State.WITHDRAWN:
        return _("withdrawn: %(reason)s") % {"reason": release.withdrawn_reason}
    return _("published")


def link_to(release: Release) -> components.Link | str:
    if release.state == Release.State.WITHDRAWN:
        return str(release.number)
    slug = release.dataset.slug
    href = reverse("feeds:release-file", args=[slug, release.number, slug, "csv"])
    return components.Link(_("%(number)s (CSV)") % {"number": release.number}, href)


def files_of(release: Release) -> list[dict[str, Any]]:
    """Every file of a release with its size and hash, by its current and its permanent address.

    None of them while the worker prepares them anew; the page is worth reading without.
    """
    slug = release.dataset.slug
    names = {suffix: name_of(DATASETS[slug], suffix) for suffix in FORMATS}
    try:
        files = manifest_of(release)["files"]
    except FilesAbsentError:
        return []
    return [
        {
            "suffix": suffix,
            "name": names[suffix][0],
            "good_for": _(names[suffix][1]),
            "bytes": file["bytes"],
            "sha256": file["sha256"],
            "url": reverse("feeds:dataset-file", args=[slug, suffix]),
            "permanent_url": reverse(
                "feeds:release-file", args=[slug, release.number, slug, suffix]
            ),
        }
        for suffix, file in files.items()
    ]
