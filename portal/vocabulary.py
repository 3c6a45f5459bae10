"""The words for what is public: categories, periods, how closely a place is given. Translated, and nothing private.

The slugs are those of the private vocabulary; a test proves that every category that can become
public has a word here.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CATEGORIES = {
    "theft": gettext_lazy("Theft"),
    "theft-from-vehicle": gettext_lazy("Theft from a vehicle"),
    "vehicle-theft": gettext_lazy("Vehicle theft"),
    "burglary": gettext_lazy("Burglary"),
    "vandalism": gettext_lazy("Vandalism"),
    "arson": gettext_lazy("Arson"),
    "fraud": gettext_lazy("Fraud"),
    "traffic-collision": gettext_lazy("Traffic collision"),
    "traffic-offence": gettext_lazy("Traffic offence"),
    "gunfire": gettext_lazy("Gunfire"),
    "weapons": gettext_lazy("Weapons offence"),
    "noise": gettext_lazy("Noise"),
    "disorder": gettext_lazy("Disorder"),
    "trespass": gettext_lazy("Trespass"),
    "drugs": gettext_lazy("Drug offence"),
    "alcohol": gettext_lazy("Alcohol offence"),
    "assault": gettext_lazy("Assault"),
    "robbery": gettext_lazy("Robbery"),
    "homicide": gettext_lazy("Homicide"),
    "threats": gettext_lazy("Threats and harassment"),
    "kidnapping": gettext_lazy("Kidnapping and restraint"),
    "alarm": gettext_lazy("Alarm"),
    "hazard": gettext_lazy("Hazard or obstruction"),
    "suspicious-activity": gettext_lazy("Suspicious activity"),
    "police-stop": gettext_lazy("Stop by police"),
    "police-activity": gettext_lazy("Patrol and police work"),
    "assistance": gettext_lazy("Help and advice"),
    "other": gettext_lazy("Other offence"),
}

KINDS = {
    "gunfire": gettext_lazy("Gunfire"),
    "firework": gettext_lazy("Firework"),
    "impulse": gettext_lazy("Another bang"),
}
# As in the files. "2+": the provider says only that there were several.
ROUNDS = {
    "1": gettext_lazy("1 round"),
    "2-5": gettext_lazy("2 to 5 rounds"),
    "6+": gettext_lazy("6 or more rounds"),
    "2+": gettext_lazy("2 or more rounds"),
}


# As in the files; empty while nothing is told yet.
OUTCOMES = {
    "evidence": gettext_lazy("Evidence of gunfire"),
    "unconfirmed": gettext_lazy("Nothing found"),
    "unfounded": gettext_lazy("Something else, such as fireworks"),
    "not_reported": gettext_lazy("Not reported"),
    "withheld": gettext_lazy("Withheld"),
    "": gettext_lazy("Not told yet"),
}

# What each rule of the gate that a city may loosen is about (portal/publication/disclosure/overrides.py).
RULES = {
    "place_addresses": gettext_lazy("Addresses that a dot on the map stands for, at least"),
    "cell_addresses": gettext_lazy("Addresses in the cell of a crime against a person, at least"),
    "group_records": gettext_lazy("Crimes against people in a published group, at least"),
    "low_delay_h": gettext_lazy("Hours before an incident of low harm appears, at least"),
    "person_delay_d": gettext_lazy("Days before a crime against a person appears, at least"),
    "sensitive_delay_d": gettext_lazy("Days before a period's sensitive totals appear, at least"),
    "revision_delay_d": gettext_lazy("Days before a year's sensitive totals are revised, at least"),
    "call_delay_d": gettext_lazy("Days before a call for service appears, at least"),
    "ledger_delay_d": gettext_lazy(
        "Days before the outcomes of a month's alerts are told, at least"
    ),
    "ledger_alerts": gettext_lazy("Gunfire alerts behind a number of the ledger, at least"),
    "ledger_shootings": gettext_lazy("Confirmed shootings behind a number of misses, at least"),
    "ledger_sensors": gettext_lazy("Microphones behind an uptime, at least"),
    "epsilon_lifetime": gettext_lazy("Privacy spent on one sensitive incident (epsilon), at most"),
    "epsilon_district_quarter": gettext_lazy("Of it in a district's quarterly total, at most"),
    "epsilon_groups": gettext_lazy("Of it in the totals of four groups, at most"),
    "epsilon_city_month": gettext_lazy("Of it in the city's monthly totals, at most"),
    "epsilon_revision": gettext_lazy("Of it in a year's revision, at most"),
}

# Columns as people say them; in files, programs and the dictionary they have their own names. The last
# four are no columns, but what figures count by besides.
COLUMNS = {
    "about_public_id": gettext_lazy("The record it is about"),
    "answer": gettext_lazy("Answer"),
    "answer_days": gettext_lazy("Days until the answer"),
    "attack": gettext_lazy("Attack"),
    "audited_dataset": gettext_lazy("Dataset that was audited"),
    "audited_release": gettext_lazy("Release that was audited"),
    "beat": gettext_lazy("Beat"),
    "category": gettext_lazy("Category"),
    "category_group": gettext_lazy("Group of categories"),
    "cell_code": gettext_lazy("Cell"),
    "code": gettext_lazy("The city's own code"),
    "confidence_pct": gettext_lazy("Confidence (%)"),
    "count": gettext_lazy("Count"),
    "direction": gettext_lazy("Direction of the limit"),
    "district": gettext_lazy("District"),
    "ends_at": gettext_lazy("End of the period"),
    "epsilon": gettext_lazy("Privacy spent (epsilon)"),
    "high": gettext_lazy("Upper bound"),
    "high_pct": gettext_lazy("Upper bound (%)"),
    "kind": gettext_lazy("Kind"),
    "latitude": gettext_lazy("Latitude"),
    "level": gettext_lazy("Level"),
    "lifetime": gettext_lazy("Privacy that can be spent in all (epsilon)"),
    "longitude": gettext_lazy("Longitude"),
    "low": gettext_lazy("Lower bound"),
    "low_pct": gettext_lazy("Lower bound (%)"),
    "max_displacement_m": gettext_lazy("Farthest address (m)"),
    "measure": gettext_lazy("Measure"),
    "measured": gettext_lazy("Measured"),
    "n": gettext_lazy("Cases behind it"),
    "n_addresses": gettext_lazy("Addresses"),
    "n_evidence": gettext_lazy("Alerts with evidence"),
    "n_unconfirmed": gettext_lazy("Alerts without confirmation"),
    "name": gettext_lazy("Name"),
    "observed_pct": gettext_lazy("Came true (%)"),
    "outcome": gettext_lazy("Outcome"),
    "parent": gettext_lazy("Area it lies in"),
    "parent_code": gettext_lazy("Cell it lies in"),
    "period": gettext_lazy("Period"),
    "photos": gettext_lazy("Photos"),
    "place_code": gettext_lazy("Place"),
    "population": gettext_lazy("Residents"),
    "precision": gettext_lazy("How closely the place is told"),
    "provider": gettext_lazy("Provider"),
    "public_id": gettext_lazy("Id of the record"),
    "rounds": gettext_lazy("Rounds"),
    "share": gettext_lazy("Share of the budget"),
    "slug": gettext_lazy("Short name"),
    "spent": gettext_lazy("Privacy spent so far (epsilon)"),
    "stands_for_addresses": gettext_lazy("Addresses it stands for"),
    "starts_at": gettext_lazy("Start of the period"),
    "stated_from_pct": gettext_lazy("Stated confidence, from (%)"),
    "stated_pct": gettext_lazy("Stated confidence, mean (%)"),
    "stated_to_pct": gettext_lazy("Stated confidence, to (%)"),
    "statistic": gettext_lazy("Statistic"),
    "status": gettext_lazy("Status"),
    "subject": gettext_lazy("What it is about"),
    "text": gettext_lazy("Text"),
    "threshold": gettext_lazy("Limit"),
    "topic": gettext_lazy("Topic"),
    "unit": gettext_lazy("Unit"),
    "value": gettext_lazy("Value"),
    "month": gettext_lazy("Month in which the period begins"),
    "weekday": gettext_lazy("Weekday (1 is Monday)"),
    "hour": gettext_lazy("Hour"),
    "grain": gettext_lazy("Length of the period"),
}


def column_label(name: str) -> str:
    return str(COLUMNS.get(name, name))


def rule_label(rule: str) -> str:
    return str(RULES.get(rule, rule))


def category_label(slug: str) -> str:
    """The word for a category; the slug itself where a newer release knows more than this page."""
    return str(CATEGORIES.get(slug, slug))


def kind_label(slug: str) -> str:
    return str(KINDS.get(slug, slug))


def outcome_label(slug: str) -> str:
    return str(OUTCOMES.get(slug, slug))


def rounds_label(band: str) -> str:
    return str(ROUNDS.get(band, band))


def period_label(period: str, starts_at: dt.datetime, zone: ZoneInfo) -> str:
    """A published period in words: "6 October 2026, 18:00 to 24:00", "week of 5 October 2026"."""
    start = starts_at.astimezone(zone)
    day = formats.date_format(start, "DATE_FORMAT")
    if match := re.search(r"T(\d\d)/PT6H$", period):
        first = int(match[1])
        return _("%(day)s, %(from)s to %(to)s") % {
            "day": day,
            "from": f"{first:02}:00",
            "to": f"{first + 6:02}:00",
        }
    if "-W" in period:
        return _("Week of %(day)s") % {"day": day}
    return period
