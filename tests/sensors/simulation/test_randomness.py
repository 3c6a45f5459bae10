import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from sensors.simulation.randomness import hashed, hashed_normal, hashed_uniform, part_generator


def splitmix64(state):
    """Steele, Lea and Flood 2014, in plain integers."""
    mask = 2**64 - 1
    z = (state + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


@pytest.mark.parametrize(("seed", "key"), [(0, 0), (7, 1), (123_456_789, 2**40 + 3)])
def test_the_hash_is_splitmix64(seed, key):
    assert int(hashed(seed, key)) == splitmix64(seed ^ key)


def test_the_first_output_is_the_published_one():
    assert splitmix64(0) == 0xE220A8397B1DCDAF  # of the reference implementation, seed 0


def test_the_same_keys_give_the_same_number_whatever_else_is_asked_for():
    one = hashed_uniform(7, 31, 12, 5)
    many = hashed_uniform(7, 31, np.arange(40)[:, None], np.arange(9))

    assert many.shape == (40, 9)
    assert many[12, 5] == one


def test_uniform_and_normal_are_what_they_say():
    keys = np.arange(20_000)
    p_values = [stats.kstest(hashed_uniform(seed, 1, keys), "uniform").pvalue for seed in range(60)]

    # The p-values of true uniforms are uniform themselves.
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert stats.kstest(hashed_normal(3, 2, keys), "norm").pvalue > 0.001
    assert abs(np.corrcoef(hashed_normal(3, 1, keys), hashed_normal(3, 2, keys))[0, 1]) < 0.03
    assert (
        abs(np.corrcoef(hashed_normal(3, 1, keys)[1:], hashed_normal(3, 1, keys)[:-1])[0, 1]) < 0.03
    )


def test_parts_have_streams_of_their_own():
    assert part_generator(7, 1).random() != part_generator(7, 2).random()
    assert part_generator(7, 1).random() == part_generator(7, 1).random()


def test_the_simulation_loads_no_framework_queue_or_driver():
    modules = "sensors.simulation.live, incidents.simulation, community.simulation"
    code = (
        f"import sys, {modules}, sensors.simulation.geojson\n"
        "bad = {'django', 'celery', 'psycopg', 'redis', 'rest_framework', 'kombu'} & set(sys.modules)\n"
        "sys.exit(', '.join(bad) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
