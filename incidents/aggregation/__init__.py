"""Counts, rates and comparisons with honest intervals. PURE: arrays in, arrays out."""

from incidents.aggregation.comparisons import (
    YearToDate,
    compare_year_to_date,
    rate_ratio,
    year_to_date_days,
)
from incidents.aggregation.counts import count_by_area_and_period, day_edges_us
from incidents.aggregation.rates import Interval, poisson_interval, rate, wilson_interval

__all__ = [
    "Interval",
    "YearToDate",
    "compare_year_to_date",
    "count_by_area_and_period",
    "day_edges_us",
    "poisson_interval",
    "rate",
    "rate_ratio",
    "wilson_interval",
    "year_to_date_days",
]
