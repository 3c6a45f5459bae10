"""`manage.py up`, the whole of it: every process killed, and the city still answers."""

from __future__ import annotations

import signal
import socket
import time

from conftest import Stage, wait_until
from running_city import CHILDREN, City, up

from tests.ports import free_port


def test_a_city_survives_the_death_of_all_its_processes(stage: Stage) -> None:
    city = City(stage)
    wait_until(city.is_well, what="the city was well")

    assert_it_is_well_after_killing_every_child(stage, city)
    assert_the_doctor_finds_nothing_wrong(city)
    assert_a_second_start_is_refused(city)
    assert_it_starts_again_after_killing_the_supervisor(stage, city)

    assert stage.stop() == 0
    assert stage.processes() == []


def assert_it_is_well_after_killing_every_child(stage: Stage, city: City) -> None:
    killed_at_s = time.monotonic()
    before = {words: stage.child(*words) for words in CHILDREN}
    for process in before.values():
        stage.kill(process)

    for words, process in before.items():
        wait_until(
            lambda words=words, process=process: stage.child(*words) not in (process, None),
            what=f"{words[0]} was back",
        )
    wait_until(lambda: city.has_ticked_since(killed_at_s), what="all worked together again")


def assert_the_doctor_finds_nothing_wrong(city: City) -> None:
    report = city.manage("doctor")

    assert report.returncode == 0, report.stdout
    for words in ("postgres 18", "redis-server 6.2", "mode 0700", "last tick", "none pending"):
        assert words in report.stdout
    assert "CVE-2025-49844" in report.stdout


def assert_a_second_start_is_refused(city: City) -> None:
    second = city.manage("up", f"--port={free_port()}")

    assert second.returncode == 1
    assert "already runs here" in second.stderr


def assert_it_starts_again_after_killing_the_supervisor(stage: Stage, city: City) -> None:
    assert stage.supervisor is not None
    stage.supervisor.send_signal(signal.SIGKILL)
    stage.supervisor.wait()
    wait_until(lambda: stage.processes() == [], what="everybody was gone")

    report = city.manage("doctor")
    assert report.returncode == 1
    assert "not running here" in report.stdout
    assert "unreachable" in report.stdout

    assert City(stage).health()["database"] == "ok"


def test_a_taken_port_is_reported_before_anything_starts(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused = stage.run(up(port), DAYLIGHT_HOME=str(stage.home))

    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
    assert stage.processes() == []
