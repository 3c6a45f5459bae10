"""Police records for the synthetic city: incidents and calls for service, ready for a CSV writer.

They go through the same importer as any city's export; the truth beside the columns is for tests.
"""

from incidents.simulation.calls import CALL_TYPES, Calls, CallType, simulate_calls
from incidents.simulation.offenses import OFFENSES, SENSITIVE_CATEGORIES, Offense
from incidents.simulation.records import Columns, Incidents, simulate_incidents
from incidents.simulation.responses import (
    Alerted,
    Responses,
    Reviews,
    simulate_responses,
    simulate_reviews,
)

__all__ = [
    "CALL_TYPES",
    "OFFENSES",
    "SENSITIVE_CATEGORIES",
    "Alerted",
    "CallType",
    "Calls",
    "Columns",
    "Incidents",
    "Offense",
    "Responses",
    "Reviews",
    "simulate_calls",
    "simulate_incidents",
    "simulate_responses",
    "simulate_reviews",
]
