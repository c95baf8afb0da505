"""The oracle: what was promised to the supporters against what is there, after everything drained.

It reads the database with the product's tables and the mail with its own eyes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text, update

from app.audit.actions import first_broken
from app.campaigns.models import Campaign
from app.core.db import Database, unit_of_work
from app.core.keys import read_keys
from app.core.tokens import Keys, keyed_hash
from app.delivery.models import Dispatch, DispatchState, Lane
from app.signatures.models import Signature, SignatureState
from app.signatures.queries import find_by_form, list_unsettled
from app.tally.models import Figure
from app.tally.queries import totals
from tests.faults.ledger import Act, Ledger, Mail

UNDER_WAY = (DispatchState.QUEUED, DispatchState.SENDING)


@dataclass(frozen=True, slots=True)
class Oracle:
    """One run to judge: its database, its mail, its book."""

    database: Database
    keys: Keys
    ledger: Ledger
    mails: tuple[Mail, ...]
    campaign: Campaign

    @classmethod
    def of(
        cls, database: Database, var: Path, ledger: Ledger, raw: Iterable[bytes], reference: str
    ) -> Oracle:
        with database.reading() as session:
            campaign = session.scalars(
                select(Campaign).where(Campaign.reference == reference)
            ).one()
        mails = tuple(Mail.read(one) for one in raw)
        keys = read_keys(var / "keys" / "master.key")
        return cls(database, keys, ledger, mails, campaign)

    def require_everything(self) -> None:
        """All promises of a run in which every outcome can be known."""
        assert self.ledger.surprises == []
        self.require_sound_database()
        self.require_nothing_lost()
        self.require_letters_exactly_once()
        self.require_sums(ends=(DispatchState.SENT,))

    def require_sound_database(self) -> None:
        with self.database.reading() as session:
            if self.database.is_sqlite:
                assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
                assert session.execute(text("PRAGMA foreign_key_check")).all() == []
            assert first_broken(session) is None

    def require_nothing_lost(self) -> None:
        """Every answer that said "thank you" has its row, once, in the state it was told."""
        with self.database.reading() as session:
            for act in self.ledger.signed:
                signature = find_by_form(session, self._form_hash(act))
                assert signature is not None, f"a signature was accepted and is lost: {act}"
                if act.is_confirmed:
                    assert signature.state is SignatureState.CONFIRMED, act
            # A form whose answer was lost for good may have been stored; none twice.
            stored = session.scalar(select(func.count()).select_from(Signature)) or 0
        assert len(self.ledger.signed) <= stored <= len(self.ledger.acts)

    def require_letters_exactly_once(self) -> None:
        """Each confirmed one has one letter with the writer's words; nobody else has any."""
        letters = [mail for mail in self.mails if mail.to not in self._writers()]
        for act in self.ledger.confirmed:
            own = [mail for mail in letters if act.sentence in mail.text]
            assert len(own) == 1, f"{len(own)} letters of {act}"
        pressed = [act for act in self.ledger.acts if act.link]
        assert len(letters) <= len(pressed)
        copies = Counter(mail.message_id for mail in self.mails)
        assert max(copies.values(), default=0) <= 1

    def require_notices_once(self) -> None:
        """One confirmation to each who signed, one thank-you to each whose letter has left."""
        to = Counter(mail.to for mail in self.mails if mail.to in self._writers())
        for act in self.ledger.confirmed:
            assert to[act.email] == 2, f"{to[act.email]} notices to {act}"

    def require_sums(self, ends: tuple[DispatchState, ...]) -> None:
        """Nothing is under way any more, and every letter is counted where it ended."""
        with self.database.reading() as session:
            states: Counter[DispatchState] = Counter(session.scalars(select(Dispatch.state)))
            letters = Counter(
                session.scalars(
                    select(Dispatch.state).where(
                        Dispatch.lane == Lane.LETTER, Dispatch.opened_at.is_(None)
                    )
                )
            )
            keys = session.scalar(select(func.count(func.distinct(Dispatch.once_key)))) or 0
            counted = totals(session, self.campaign.id, tuple(Figure))
            stored = session.scalar(select(func.count()).select_from(Signature)) or 0
            confirmed = (
                session.scalar(
                    select(func.count())
                    .select_from(Signature)
                    .where(Signature.state == SignatureState.CONFIRMED)
                )
                or 0
            )
        assert {state for state, times in states.items() if times} <= set(ends), states
        assert sum(states.values()) == keys
        assert sum(letters.values()) == counted[Figure.QUEUED] == confirmed
        assert counted[Figure.HANDED_OVER] == letters[DispatchState.SENT]
        assert counted[Figure.HELD] == letters[DispatchState.HELD]
        assert counted[Figure.FAILED] == letters[DispatchState.FAILED]
        assert counted[Figure.CANCELLED] == letters[DispatchState.CANCELLED]
        assert counted[Figure.STARTED] == stored
        assert counted[Figure.CONFIRMED] == confirmed

    def extra_copies(self) -> list[str]:
        """The Message-IDs that came twice; more than twice is never right."""
        copies = Counter(mail.message_id for mail in self.mails)
        assert max(copies.values(), default=0) <= 2, copies.most_common(3)
        return [message_id for message_id, times in copies.items() if times > 1]

    def require_sent_or_held(self) -> None:
        """With a relay that nobody can ask: each letter arrived, or waits for a person."""
        with self.database.reading() as session:
            held = session.scalar(
                select(func.count()).where(
                    Dispatch.lane == Lane.LETTER, Dispatch.state == DispatchState.HELD
                )
            )
        arrived = sum(
            any(act.sentence in mail.text for mail in self.mails if mail.to != act.email)
            for act in self.ledger.confirmed
        )
        assert len(self.ledger.confirmed) - arrived <= (held or 0)

    def require_arrived_or_ended(self) -> None:
        """Each confirmed letter arrived, or stands in the table with the end that it came to."""
        with self.database.reading() as session:
            ended = session.scalar(
                select(func.count()).where(
                    Dispatch.lane == Lane.LETTER,
                    Dispatch.state.in_(
                        (DispatchState.HELD, DispatchState.FAILED, DispatchState.CANCELLED)
                    ),
                )
            )
        words = " ".join(mail.text for mail in self.mails if mail.to not in self._writers())
        missing = sum(act.sentence not in words for act in self.ledger.confirmed)
        assert missing <= (ended or 0), f"{missing} letters lost, {ended} ended otherwise"

    def _writers(self) -> set[str]:
        return {act.email for act in self.ledger.acts}

    def _form_hash(self, act: Act) -> bytes:
        key = self.keys.derive("form-key")
        return keyed_hash(key, self.campaign.reference, act.form_key)


def is_drained(database: Database) -> bool:
    """Whether nothing is under way any more, and every writer has been told how it ended.

    What waits for a later try, because workers died under it, is told that its pause is over: the
    pauses themselves are minutes, and tests/delivery measures them.
    """
    with unit_of_work(database.writing) as session:
        now = datetime.now(UTC)
        waits = (Dispatch.state == DispatchState.QUEUED, Dispatch.due_at > now)
        session.execute(update(Dispatch).where(*waits).values(due_at=now))
        under_way = select(func.count()).where(Dispatch.state.in_(UNDER_WAY))
        # What ended last is told last; those notices must have left, too.
        return not session.scalar(under_way) and not list_unsettled(session, 1)
