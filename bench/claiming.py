"""Claiming and marking a hundred at a time: the outbox against two bare statements of psycopg."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.engine import make_url

from app.core.db import unit_of_work
from app.delivery.channels.base import Receipt
from app.delivery.claims import Holder, claim_due, settle_sent
from app.delivery.models import Lane
from bench.talking import Took

if TYPE_CHECKING:
    from bench.delivery import Bench

BATCH = 100

# What is needed to send, and no more: neither gate nor budget nor key is looked at.
_CLAIM = f"""
WITH due AS (
    SELECT id FROM dispatch WHERE state = 'queued' AND lane = 'letter' AND due_at <= now()
    ORDER BY due_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED
)
UPDATE dispatch SET state = 'sending', fence = fence + 1, attempts = attempts + 1,
    lease_until = now() + interval '60 seconds', holder = 'bench', past_dot = true
FROM due WHERE dispatch.id = due.id
RETURNING dispatch.id, fence, payload, key_id, expires_at, counted_as
"""
_MARK = """
UPDATE dispatch SET state = 'sent', payload = NULL, lease_until = NULL, holder = '',
    reply_code = 250, finished_at = now() WHERE id = ANY(%s) AND state = 'sending'
"""


def claiming_race(bench: Bench) -> None:
    """Both sides on the same table with the same rows, two commits a batch."""
    bench.queue(bench.letters)
    bench.note("claiming, ours", _ours(bench))
    bench.forget()
    bench.queue(bench.letters)
    bench.note("claiming, bare psycopg", _bare(bench))
    bench.forget()


def _ours(bench: Bench) -> Took:
    holder = Holder("bench", tuple(Lane), timedelta(seconds=60))
    began, busy = time.perf_counter(), time.process_time()
    while True:
        now = datetime.now(UTC)
        with unit_of_work(bench.database.writing) as session:
            claims, _ = claim_due(session, bench.keys, BATCH, holder, now, only_local=False)
        if not claims:
            return Took(time.perf_counter() - began, time.process_time() - busy)
        with unit_of_work(bench.database.writing) as session:
            settle_sent(session, [(claim, Receipt(250)) for claim in claims], now)


def _bare(bench: Bench) -> Took:
    plain = make_url(bench.url).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False)) as line:
        began, busy = time.perf_counter(), time.process_time()
        while True:
            rows = line.execute(_CLAIM).fetchall()
            line.commit()
            if not rows:
                return Took(time.perf_counter() - began, time.process_time() - busy)
            line.execute(_MARK, ([row[0] for row in rows],))
            line.commit()
