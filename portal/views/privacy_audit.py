"""What an attacker could learn: what was measured of each release before it went out, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import components, queries
from portal.city import the_city
from portal.feeds.audit_dictionary import ATTACKS, SUBJECTS
from portal.feeds.dictionary import DATASETS
from portal.findings import number
from portal.models import PublishedAuditResult, Release
from portal.provenance import FigureRef
from portal.views.caching import public_page

HISTORY = 20  # releases of a dataset that are listed; the file has them all
# What is measured as a share of trials; the others are numbers.
SHARES: Final = frozenset(
    [
        "exact-point",
        "nearest-address",
        "largest-building",
        "scanner",
        "neighbour",
        "silence",
        "sealed",
        "left-together",
        "coverage",
        "hotspots",
    ]
)
READER: Final = frozenset({"coverage", "hotspots", "density"})  # what protects nobody
MAIN: Final = "incidents"  # it is shown first


@dataclass(frozen=True)
class Audited:
    """The results of one release, the attacks in the order of the page."""

    slug: str
    release: Release
    results: list[PublishedAuditResult]
    ref: FigureRef

    @property
    def title(self) -> str:
        return _(DATASETS[self.slug].title)

    @property
    def limited(self) -> dict[str, Any]:
        """What has a threshold, and was there to be measured."""
        rows = [
            (attack_words(row), measured(row), threshold(row), tried(row), outcome(row))
            for row in self.results
            if row.direction and row.status != PublishedAuditResult.Status.NOT_APPLICABLE
        ]
        heads = (_("The attacker"), _("Measured"), _("Must be"), _("Tried"), _("Result"))
        columns = [components.Column(head, is_number=0 < n < 4) for n, head in enumerate(heads)]
        caption = _("%(dataset)s, release %(number)s") % {
            "dataset": self.title,
            "number": self.release.number,
        }
        return components.table(caption, columns, rows, absent="")

    @property
    def told(self) -> dict[str, Any] | None:
        """What is measured and not promised."""
        rows = [
            (attack_words(row), measured(row), tried(row))
            for row in self.results
            if row.status == PublishedAuditResult.Status.TOLD
        ]
        heads = (_("The attacker"), _("Measured"), _("Tried"))
        columns = [components.Column(head, is_number=n > 0) for n, head in enumerate(heads)]
        caption = _("%(dataset)s: not promised") % {"dataset": self.title}
        return components.table(caption, columns, rows, absent="") if rows else None

    @property
    def headline(self) -> str:
        """What the tables come to, for whoever does not open them."""
        limited, missed = len(self.limited["rows"]), len(self.missed)
        told = {"n": number(limited), "missed": number(missed)}
        first = (
            _("%(n)s numbers have a limit, and %(missed)s missed it.")
            if missed
            else _("%(n)s numbers have a limit, and none missed it.")
        )
        others = len(self.told["rows"]) if self.told else 0
        more = ngettext(
            "%(n)s more is measured and not promised.",
            "%(n)s more are measured and not promised.",
            others,
        )
        return " ".join([first % told, more % {"n": number(others)}] if others else [first % told])

    @property
    def missed(self) -> list[str]:
        """Thresholds that were missed, each in a sentence."""
        return [
            f"{attack_words(row)}: {measured(row)} ({threshold(row)})"
            for row in self.results
            if row.status == PublishedAuditResult.Status.FAILED
        ]


@public_page
def privacy_audit(request: HttpRequest) -> HttpResponse:
    """The newest release of each dataset, the history, and what is not promised."""
    audit = queries.current_release("privacy-audit")
    newest = newest_audited(audit) if audit else []
    has_history = any(each.slug == MAIN for each in newest)
    context = {
        "newest": newest,
        "history": history(audit, MAIN) if audit and has_history else None,
        "release": audit,
    }
    return render(request, "portal/privacy/audit.html", context)


def newest_audited(audit: Release) -> list[Audited]:
    """The current release of every dataset that was audited, the incidents first."""
    order = {attack: n for n, attack in enumerate(ATTACKS)}
    slugs = sorted(DATASETS, key=lambda slug: (slug != MAIN, list(DATASETS).index(slug)))
    found = []
    for slug in slugs:
        release = queries.current_release(slug)
        rows = _results().filter(
            audited_dataset=slug, audited_release=release.number if release else 0
        )
        results = sorted(rows, key=lambda row: (order.get(row.attack, 99), row.subject))
        if release and results:
            asked = {"audited_dataset": (slug,), "audited_release": (str(release.number),)}
            ref = FigureRef("privacy-audit", audit.number, equals=asked, rows=True)
            found.append(Audited(slug, release, results, ref))
    return found


def history(audit: Release, slug: str) -> dict[str, Any]:
    """The newest releases of a dataset, rejected ones too: what was tried, what failed, whether it went out."""
    failed = Count("pk", filter=Q(status=PublishedAuditResult.Status.FAILED))
    rows = _results().filter(audited_dataset=slug).values("audited_release")
    counts = rows.annotate(tried=Count("pk"), failed=failed).order_by("-audited_release")[:HISTORY]
    releases = Release.objects.filter(
        dataset__slug=slug, number__in=[row["audited_release"] for row in counts]
    )
    by_number = {release.number: release for release in releases}
    lines = [
        (
            str(row["audited_release"]),
            formats.date_format(
                by_number[row["audited_release"]].as_of.astimezone(the_city().zone), "DATE_FORMAT"
            ),
            number(row["tried"]),
            number(row["failed"]),
            STATES[by_number[row["audited_release"]].state](),
        )
        for row in counts
        if row["audited_release"] in by_number
    ]
    heads = (_("Release"), _("As of"), _("Numbers"), _("Missed"), _("What became of it"))
    columns = [components.Column(head, is_number=n in (2, 3)) for n, head in enumerate(heads)]
    by, asked = ("audited_release", "status"), {"audited_dataset": (slug,)}
    return {
        "table": components.table(_(DATASETS[slug].title), columns, lines, absent=""),
        "ref": FigureRef("privacy-audit", audit.number, by, asked),
    }


STATES: Final[dict[str, Callable[[], str]]] = {
    Release.State.ACTIVE: lambda: _("went out"),
    Release.State.REJECTED: lambda: _("rejected: nothing of it is public"),
    Release.State.WITHDRAWN: lambda: _("withdrawn later"),
    Release.State.BUILT: lambda: _("being built"),
}


def _results() -> Any:
    return queries.in_current(PublishedAuditResult.objects.all(), "privacy-audit")


def attack_words(row: PublishedAuditResult) -> str:
    """What the attacker does, and what is counted."""
    attack = _(ATTACKS[row.attack]) if row.attack in ATTACKS else row.attack
    if not row.subject:
        return attack
    subject = _(SUBJECTS[row.subject]) if row.subject in SUBJECTS else row.subject
    return f"{attack} ({subject})"


def measured(row: PublishedAuditResult) -> str:
    return _("not told") if row.measured is None else as_printed(row, row.measured)


def tried(row: PublishedAuditResult) -> str:
    """How often, but of private records, whose number is nobody's business."""
    return _("not told") if row.n is None else number(row.n)


def threshold(row: PublishedAuditResult) -> str:
    if row.limit is None:
        return ""
    if row.direction == "at_least":
        return _("at least %(value)s") % {"value": as_printed(row, row.limit)}
    if row.limit == 0:
        return _("none")
    return _("at most %(value)s") % {"value": as_printed(row, row.limit)}


def as_printed(row: PublishedAuditResult, value: float) -> str:
    """A share in percent; anything else as a number. Never rounded so far that a limit is not itself any more."""
    is_count = row.limit == 0 and row.attack not in ("silence",)
    if row.attack not in SHARES or is_count:
        return number(value)
    percent = value * 100
    return f"{number(percent if percent < 1 else round(percent, 1))}%"


def outcome(row: PublishedAuditResult) -> str:
    if row.status == PublishedAuditResult.Status.FAILED:
        return _("missed, and told") if row.attack in READER else _("missed")
    if is_beyond(row):
        return _("above, but of so few tries that it may be chance")
    return _("within the limit")


def is_beyond(row: PublishedAuditResult) -> bool:
    """Whether the bare number is on the wrong side of the threshold, whatever was made of it."""
    if row.measured is None or row.limit is None:
        return False
    short = row.measured < row.limit if row.direction == "at_least" else row.measured > row.limit
    return bool(short)
