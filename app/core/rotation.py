"""New keys while everything runs: each step is one small transaction and can be done again.

First the master key: the next key file is made, the database is told that it wraps from now on,
each data key is wrapped anew, and the old file goes when nothing needs it. Then, for each owner,
the data key itself: what it has sealed is opened with the one before and sealed again, row by row.
Readers try both. Whatever is killed in between is found and finished by the next run.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Column, ForeignKey, Select, Table, select, update
from sqlalchemy.orm import Session

from app.core.db import Base, Database, unit_of_work
from app.core.keys import adopt_next, next_file, prepare_next, read_file
from app.core.models import DataKey
from app.core.sealing import (
    Seal,
    get_seal,
    present_master,
    renew,
    require_own_key,
    rewrap,
    take_master,
    wraps,
)
from app.core.tokens import Keys

BATCH: Final = 50
# A page that is being made holds values as they were; it is given the time to end.
READERS_END: Final = 1.0
PREFIX: Final = "sealed_"


class NoOwner(Exception):
    """A sealed column stands in a table from which no way leads to a key."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values, the name it was sealed under, and who owns the key."""

    table: Table
    column: Column[bytes | None]
    place: str

    def rows(self, key_id: uuid.UUID) -> Select[uuid.UUID, bytes]:
        """The rows that this key seals, in the order of their ids."""
        found = select(self.table.c.id, self.column).where(self.column.is_not(None))
        steps, owner = _path_to_key(self.table)
        for foreign in steps:
            found = found.join(foreign.column.table, foreign.parent == foreign.column)
        return found.where(owner == key_id).order_by(self.table.c.id)


def sealed_columns() -> list[SealedColumn]:
    """Every sealed column of the schema: by name, so that a new one is not forgotten."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name.startswith(PREFIX):
                found.append(SealedColumn(table, column, column.name.removeprefix(PREFIX)))
            elif (table.name, column.name) == ("dispatch", "payload"):
                found.append(SealedColumn(table, column, column.name))
    return found


def rotate_master(database: Database, keys: Keys, path: Path) -> int:
    """Give the installation a new master key; return how many data keys were wrapped anew."""
    with unit_of_work(database.writing) as session:
        require_own_key(session, keys)
    fresh = prepare_next(path).master
    keys.masters.look_again()
    with unit_of_work(database.writing) as session:
        if present_master(session, keys) != fresh:
            take_master(session, keys, fresh)
    done = sum(_rewrap_one(database, keys, fresh, key_id) for key_id in _key_ids(database))
    adopt_next(path)
    keys.masters.look_again()
    return done


def renew_data_keys(database: Database, keys: Keys, *, resume: bool = False) -> tuple[int, int]:
    """Make every data key anew and seal again what they sealed; return both numbers.

    `resume` finishes what was begun and begins nothing.
    """
    begun = [
        key_id for key_id in _key_ids(database) if _begin(database, keys, key_id, resume=resume)
    ]
    if begun:
        time.sleep(READERS_END)
    values = 0
    for key_id in begun:
        values += sum(_reseal(database, keys, key_id, column) for column in sealed_columns())
    if begun:
        time.sleep(READERS_END)
    for key_id in begun:
        _finish(database, key_id)
    return len(begun), values


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Where the keys stand: how many there are, and how many wait for an unfinished rotation."""

    data_keys: int
    under_old_master: int
    half_renewed: int
    rotation_under_way: bool


def key_status(session: Session, keys: Keys, path: Path) -> KeyStatus:
    master = present_master(session, keys)
    rows = session.scalars(select(DataKey)).all()
    return KeyStatus(
        data_keys=len(rows),
        under_old_master=sum(not wraps(row, master) for row in rows),
        half_renewed=sum(row.wrapped_before is not None for row in rows),
        rotation_under_way=next_file(path).exists(),
    )


def is_shared_root(path: Path) -> bool:
    """Whether links are made from the very key that also wraps: a key file of the first kind."""
    return read_file(path).is_one_key


def _key_ids(database: Database) -> list[uuid.UUID]:
    with database.reading() as session:
        return list(session.scalars(select(DataKey.id).order_by(DataKey.id)))


def _locked(session: Session, key_id: uuid.UUID) -> DataKey | None:
    wanted = select(DataKey).where(DataKey.id == key_id).with_for_update()
    return session.scalars(wanted).one_or_none()


def _rewrap_one(database: Database, keys: Keys, master: bytes, key_id: uuid.UUID) -> int:
    with unit_of_work(database.writing) as session:
        row = _locked(session, key_id)
        return int(row is not None and rewrap(row, keys, master))


def _begin(database: Database, keys: Keys, key_id: uuid.UUID, *, resume: bool) -> bool:
    with unit_of_work(database.writing) as session:
        row = _locked(session, key_id)
        if row is None or (resume and row.wrapped_before is None):
            return False
        if row.wrapped_before is None:
            renew(row, keys, present_master(session, keys))
        return True


def _reseal(database: Database, keys: Keys, key_id: uuid.UUID, column: SealedColumn) -> int:
    changed = 0
    last: uuid.UUID | None = None
    while True:
        with unit_of_work(database.writing) as session:
            wanted = column.rows(key_id).limit(BATCH).with_for_update(of=column.table)
            if last is not None:
                wanted = wanted.where(column.table.c.id > last)
            rows = [(found.id, found[1]) for found in session.execute(wanted)]
            if not rows:
                return changed
            seal = get_seal(session, keys, key_id)
            for row, sealed in rows:
                changed += _reseal_one(session, seal, column, row, sealed)
            last = row


def _reseal_one(
    session: Session, seal: Seal, column: SealedColumn, row: uuid.UUID, sealed: bytes
) -> int:
    fresh = seal.renewed(sealed, table=column.table.name, column=column.place, row=row)
    if fresh is None:
        return 0
    session.execute(
        update(column.table).where(column.table.c.id == row).values({column.column.name: fresh})
    )
    return 1


def _finish(database: Database, key_id: uuid.UUID) -> None:
    with unit_of_work(database.writing) as session:
        row = _locked(session, key_id)
        if row is not None:
            row.wrapped_before = None


def _path_to_key(table: Table) -> tuple[list[ForeignKey], Column[uuid.UUID]]:
    """The steps from a table to the nearest one that names its key, and the column that does."""
    waiting: deque[tuple[Table, list[ForeignKey]]] = deque([(table, [])])
    seen = {table.name}
    while waiting:
        here, steps = waiting.popleft()
        if "key_id" in here.c:
            return steps, here.c.key_id
        for foreign in sorted(here.foreign_keys, key=lambda each: each.parent.name):
            target = foreign.column.table
            if target.name not in seen:
                seen.add(target.name)
                waiting.append((target, [*steps, foreign]))
    raise NoOwner(table.name)
