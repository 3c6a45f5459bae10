"""What attacks on each release learnt, in the words of the data dictionary and of the page that tells it."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from portal.feeds.specs import DatasetSpec, Field

# In the order of the page. What an attacker does; ``measured`` is how far it took him.
ATTACKS: Final = {
    "place-size": _("Counts the addresses that a place stands for, one by one."),
    "exact-point": _("Takes the dot for the place where it happened."),
    "nearest-address": _("Takes the address nearest to the dot."),
    "largest-building": _("Takes the building with most flats around the dot."),
    "scanner": _("Listened to the police radio, noted door and second, and wants to find the row."),
    "neighbour": _("Saw the police at a door, knows the hour, and wants to know what happened."),
    "silence": _("Knows that something was recorded, and finds no row that fits."),
    "sensitive-rows": _("Looks for rows of sensitive incidents."),
    "small-groups": _("Looks for crimes against people that stand almost alone."),
    "box-difference": _("Asks for two boxes that differ by one house, and compares the answers."),
    "time-difference": _(
        "Asks for two windows that differ by an instant, and compares the answers."
    ),
    "repeated-query": _("Asks the same thing again and again, in different words."),
    "earlier-release": _("Compares a row with the same row in the release before."),
    "appearance": _("Watches in which release a row appears for the first time."),
    "sealed": _("Compares an old copy with the new one, and takes what is gone for sealed."),
    "left-together": _(
        "Takes records that left side by side, or outcomes withheld side by side, for secret."
    ),
    "cross-feed": _("Lays one dataset over another."),
    "order": _("Looks at ids and at the order of rows."),
    "sensitive-totals": _("Tries to get at the exact number of sensitive incidents."),
    "ledger-sums": _(
        "Adds up numbers of the gunfire ledger and takes them off each other until few alerts are left."
    ),
    "leak": _("Searches every file, table, page and answer of the API for what is private."),
    "coverage": _("A reader who means well: how much of what may be published and is due appears."),
    "hotspots": _("A reader who means well: finds the hottest twentieth of the city."),
    "density": _("A reader who means well: draws a heat map."),
}
# What ``measured`` counts, where an attack has several numbers. "new": of the rows that the release adds.
SUBJECTS: Final = {
    "new": _("of what this release adds"),
    "least": _("least addresses of a place"),
    "median": _("median of the places that occur"),
    "median-by-record": _("median over rows"),
    "cell-least": _("least addresses of a cell"),
    "person": _("crimes against people"),
    "person-new": _("crimes against people that this release adds"),
    "person-kind-known": _("crimes against people whose kind he knows already"),
    "sensitive": _("sensitive incidents"),
    "sensitive-by-chance": _("sensitive incidents that the rows of others happen to fit"),
    "few-addresses": _("with fewer than 8 addresses left"),
    "few-addresses-new": _("with fewer than 8 addresses left, of what this release adds"),
    "low-harm": _("low harm"),
    "no-dot": _("share that was sensitive where no dot fits"),
    "no-row": _("share that was sensitive where no row fits"),
    "by-subtraction": _("after subtracting earlier releases"),
    "moved": _("rows with another place or time"),
    "not-as-decided": _("rows that differ from what was decided once"),
    "map-redrawn": _("places and cells that changed"),
    "newest": _("taking the newest"),
    "rarest": _("taking the rarest kinds"),
    "narrowed": _("events that two datasets tell more closely than one"),
    "waiting": _("events of which another dataset must not tell yet"),
    "rows": _("correlation of rows with time, place and number"),
    "rows-new": _("correlation of the rows that this release adds"),
    "files": _("files whose rows are not in the order of their ids"),
    "ids-from-numbers": _("ids made from a number"),
    "drawn-again": _("totals whose noise was drawn twice"),
    "exact": _("totals that are exact"),
    "near": _("at places near each other, at about one time"),
    "home": _("at one place, over months"),
    "sweep": _("all over the city, in one period"),
    "tables": _("in public tables"),
    "csv": _("in CSV files"),
    "json": _("in JSON files"),
    "ndjson": _("in NDJSON files"),
    "geojson": _("in GeoJSON files"),
    "parquet": _("in GeoParquet files"),
    "other": _("in other files"),
    "pages": _("on pages, rendered before the release goes out"),
    "answers": _(
        "in answers of the API, map services and feeds, asked before the release goes out"
    ),
}

AUDIT: Final = (
    DatasetSpec(
        slug="privacy-audit",
        title=_("What an attacker could learn"),
        summary=_(
            "What attacks on each release learnt, measured with the private truth in hand before the release went out."
        ),
        one_row_is=_("one attack on one release of one dataset"),
        updated=_("with every release"),
        caveats=(
            _(
                "Where an attacker learns more than the threshold the release does not go out; its results are here all the same. "
                "What a reader who means well misses is told and stops nothing."
            ),
            _(
                "Chance takes part in ids, in covers and in who is told apart: below 1,000 independent trials a share counts as "
                "too high when chance would bring it about in fewer than one case in a hundred."
            ),
            _("What is told without a threshold is not promised; the page on privacy says why."),
        ),
        fields=(
            Field("audited_dataset", "string", _("The dataset that was attacked.")),
            Field(
                "audited_release",
                "integer",
                _("The number of its release; one that was rejected has results too."),
                minimum=1,
            ),
            Field("attack", "string", _("What the attacker does."), values=ATTACKS),
            Field(
                "subject",
                "string",
                _("What is counted."),
                _("the attack has one number"),
                "not_applicable",
                values=SUBJECTS,
            ),
            Field(
                "measured",
                "number",
                _(
                    "How far it took him: a share (0 to 1), a number of cases, addresses, or an advantage over chance."
                ),
                _("there was nothing to attack, or the number would tell of private records"),
                "withheld",
            ),
            Field(
                "threshold",
                "number",
                _("What it may reach."),
                _("not promised, only told"),
                "not_applicable",
            ),
            Field(
                "direction",
                "string",
                _("On which side of the threshold it must stay."),
                _("there is no threshold"),
                "not_applicable",
                values={"at_most": _("at most"), "at_least": _("at least")},
            ),
            Field(
                "n",
                "integer",
                _("Rows, groups, questions or values that were tried."),
                _("private records were tried; how many there are is not told"),
                "withheld",
                minimum=0,
            ),
            Field(
                "status",
                "string",
                _("How it ended."),
                values={
                    "passed": _(
                        "the attacker stayed within the threshold, or of so few trials that chance may have helped him"
                    ),
                    "failed": _("the threshold was missed"),
                    "told": _("measured, and not promised"),
                    "not_applicable": _("there was nothing to attack"),
                },
            ),
        ),
        has_geometry=False,
        key=("audited_dataset", "audited_release", "attack", "subject"),
        keywords=("privacy", "re-identification", "disclosure control", "motivated intruder"),
        every="P1D",
        time_resolution="P1D",
    ),
)
