"""Who may ask for what, for how long, and when one is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from app.core.errors import Refused
from app.followers.models import HowOften

# A changed sentence beside the box or the button needs a new one (signatures have their own).
CONSENT_VERSION = "2026-12"
ASKED_LIVES = timedelta(days=7)
# After a year somebody is asked whether they still want to hear from us; silence means no.
FOLLOWS_FOR = timedelta(days=365)
ASK_BEFORE_END = timedelta(days=30)
# Who only wanted to know how it ended hears of a follow-up for so long, and is then forgotten.
AFTER_OUTCOME = timedelta(days=90)
A_WEEK = timedelta(days=7)


class NothingChosen(Refused):
    """Neither an urgent action nor new ones."""

    code = "nothing_chosen"


class FollowExpired(Refused):
    """The wish was confirmed too late."""

    code = "link_expired"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to hear of; `campaign` is the id of one urgent action, or empty."""

    languages: tuple[str, ...]
    new_actions: bool = False
    countries: tuple[str, ...] = ()
    often: HowOften = HowOften.AT_ONCE
    time_zone: str = ""
    campaign: str = ""

    def require_something(self) -> None:
        if not self.new_actions and not self.campaign:
            raise NothingChosen

    def to_json(self) -> dict[str, Any]:
        return {
            "languages": list(self.languages),
            "new_actions": self.new_actions,
            "countries": list(self.countries),
            "often": str(self.often),
            "time_zone": self.time_zone,
            "campaign": self.campaign,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        return cls(
            tuple(said["languages"]),
            said["new_actions"],
            tuple(said["countries"]),
            HowOften(said["often"]),
            said["time_zone"],
            said["campaign"],
        )


def wish_ends_at(now: datetime) -> datetime:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour + ASKED_LIVES


def end_after(day: date) -> date:
    return day + FOLLOWS_FOR
