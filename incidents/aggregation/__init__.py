"""Counts, rates and comparisons with honest intervals. PURE: arrays in, arrays out."""

from incidents.aggregation.comparisons import (
    YearToDate,
    compare_year_to_date,
    rate_ratio,
    year_to_date_days,
)
from incidents.aggregation.counts import count_by_area_and_period, day_edges_us
from incidents.aggregation.medians import median_interval
from incidents.aggregation.rates import Interval, poisson_interval, rate, wilson_interval
from incidents.aggregation.totals import share_over_days, total_interval

__all__ = [
    "Interval",
    "YearToDate",
    "compare_year_to_date",
    "count_by_area_and_period",
    "day_edges_us",
    "median_interval",
    "poisson_interval",
    "rate",
    "rate_ratio",
    "share_over_days",
    "total_interval",
    "wilson_interval",
    "year_to_date_days",
]
