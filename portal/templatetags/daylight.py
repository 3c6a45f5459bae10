"""What templates need to print numbers and releases in one way everywhere."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from portal import findings, queries
from portal.feeds.as_of import newest_withdrawn
from portal.feeds.dictionary import DATASETS
from portal.models import Release
from portal.vocabulary import rule_label

register = template.Library()
register.filter(rule_label)

KILO = 1000


@register.filter
def number(value: float | None) -> str | None:
    """1234 -> "1,234", as figures and tables print it; None stays None, for it is no number."""
    return None if value is None else findings.number(value)


@register.filter
def file_size(n_bytes: int) -> str:
    """1503882 -> "1.5 MB"."""
    size, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB"):
        if size < KILO:
            break
        size, unit = size / KILO, larger
    return f"{findings.number(round(size, 1))} {unit}"


@register.filter
def dataset_title(release: Release) -> str:
    """What a release is of: "Police incidents"."""
    spec = DATASETS.get(release.dataset.slug)
    return _(spec.title) if spec else release.dataset.slug


@register.simple_tag
def withdrawn_release(slug: str) -> Release | None:
    """Of a dataset that has no release now: its newest that was withdrawn; None where none ever went out."""
    return newest_withdrawn(queries.releases(slug))


@register.simple_tag
def why_no_release(slug: str) -> str:
    """The same in a word or two, where a number would stand."""
    return _("Withdrawn") if withdrawn_release(slug) else _("Not released yet")
