import pytest

from sensors.simulation.city import FULL_CITY, SMALL_CITY, build_city

SEED = 7


@pytest.fixture(scope="session")
def small_city():
    return build_city(SEED, plan=SMALL_CITY)


@pytest.fixture(scope="session")
def full_city():
    return build_city(SEED, plan=FULL_CITY)
