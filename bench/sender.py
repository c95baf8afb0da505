"""One process that sends: a worker of ours on its database, as `flask worker` is one.

    python -m bench.sender '{"url": …, "var": …, "port": …, "guard": true, "signed": false}'

Says "ready", then for each line: empties the outbox and says how long it took. Like the peers it
stays for all rounds, as a worker of the product does.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select

from app.core.db import Database, connect
from app.core.keys import read_keys
from app.delivery.channels.maildir import Maildir
from app.delivery.channels.relay_log import RelayLog
from app.delivery.channels.relays import Breaker, Relays
from app.delivery.channels.smtp import Relay, RelayAddress
from app.delivery.dkim import read_signers
from app.delivery.models import Dispatch, DispatchState
from app.delivery.outgoing import Outgoing
from app.delivery.worker import Worker


def utc_now() -> datetime:
    return datetime.now(UTC)


def a_worker(database: Database, told: dict[str, Any]) -> Worker:
    """A worker as the product makes it: a relay behind its breaker, with a log or without one."""
    var = Path(told["var"])
    book = None
    if told["guard"]:
        book = RelayLog(var / "relay.log", grace=timedelta(seconds=5), queue=[], clock=utc_now)
    address = RelayAddress.from_url(f"smtp://127.0.0.1:{told['port']}")
    signers = read_signers(var / "dkim", "bench", "act.example.org") if told["signed"] else ()
    return Worker(
        database,
        read_keys(var / "master.key"),
        local=Maildir(var / "mail"),
        relay=Relays([(Breaker(address.name), Relay(address, timeout=60, book=book))]),
        name="bench",
        lease=timedelta(seconds=60),
        clock=utc_now,
        outgoing=Outgoing(signers),
    )


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    told = json.loads(sys.argv[1])
    database = connect(told["url"])
    worker = a_worker(database, told)
    is_queued = select(Dispatch.id).where(Dispatch.state == DispatchState.QUEUED).limit(1)
    with database.reading() as session:
        session.scalar(is_queued)
    print("ready", flush=True)
    for _line in sys.stdin:
        began, busy = time.perf_counter(), time.process_time()
        left = True
        while left:
            # With others at work a round may find everything in their hands.
            worker.drain()
            with database.reading() as session:
                left = session.scalar(is_queued) is not None
        took = {"seconds": time.perf_counter() - began, "busy": time.process_time() - busy}
        print(json.dumps(took), flush=True)
    worker.close()


if __name__ == "__main__":
    main()
