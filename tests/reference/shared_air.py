"""A second, slow, obvious way to pool what incidents say of the air: one large Gaussian, conditioned.

No filter and no shared code: the report's errors at all instants are one normal vector, its covariance
written out pair by pair; each sounding is turned into a measurement with the matrix square root of its
information, and the vector is conditioned on all measurements but those of the incident's own place.
"""

from __future__ import annotations

import numpy as np


def air_from_others(
    hours, places_m, means, informations, *, report, report_sd, drift_per_h, gust_sd, alike_m, worth
):
    """Mean (k, 3) and covariance (k, 3, 3) of the air at each incident, its gust included.

    hours: (k,). means, informations: what each sounding says, (k, 3) and (k, 3, 3). report: (3,) and
    report_sd: (3,) the same at all times. drift_per_h, gust_sd: (3,) m/s. worth: what a sounding counts for others, 0 to 1.
    """
    k = len(hours)
    rate = np.asarray(drift_per_h) ** 2 / (2.0 * np.asarray(report_sd) ** 2)
    prior = np.zeros((3 * k, 3 * k))
    for i in range(k):
        for j in range(k):
            kept = np.exp(-rate * abs(hours[i] - hours[j]))
            prior[3 * i : 3 * i + 3, 3 * j : 3 * j + 3] = np.diag(report_sd**2 * kept)
    answer_mean, answer_cov = np.zeros((k, 3)), np.zeros((k, 3, 3))
    for i in range(k):
        rows, values, noise = [], [], []
        for j in range(k):
            company = sum(_near(places_m[j], other, alike_m) for other in places_m)
            if _near(places_m[i], places_m[j], alike_m):
                continue
            look = np.zeros((3, 3 * k))
            look[:, 3 * j : 3 * j + 3] = np.eye(3)
            rows.append(look)
            values.append(means[j] - report)
            # companions at one place say one thing together, so each says its share of it
            blurred = np.linalg.inv(informations[j]) + np.diag(np.asarray(gust_sd) ** 2)
            noise.append(blurred * company / worth)
        mean, cov = np.zeros(3 * k), prior
        for look, value, spread in zip(rows, values, noise, strict=True):
            gain = cov @ look.T @ np.linalg.inv(look @ cov @ look.T + spread)
            mean, cov = mean + gain @ (value - look @ mean), cov - gain @ look @ cov
        own = slice(3 * i, 3 * i + 3)
        answer_mean[i] = report + mean[own]
        answer_cov[i] = cov[own, own] + np.diag(np.asarray(gust_sd) ** 2)
    return answer_mean, answer_cov


def _near(one, other, alike_m: float) -> bool:
    return bool(np.hypot(one[0] - other[0], one[1] - other[1]) < alike_m)
