"""The ledger: fake supporters over plain HTTP who write down every answer that they were given.

They know of the product what a supporter knows: the page, its form, the link in the mail.
"""

from __future__ import annotations

import base64
import email
import email.policy
import http.client
import json
import random
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import cast
from urllib.parse import urlencode, urlsplit

NOTE = re.compile(r'name="form" value="([^"]+)"')
LINK = re.compile(r"https?://\S+/letters/\S+/confirm")
GIVE_UP_AFTER = 300.0
# After this many bytes comes what a form's note says; before it, the tag.
TAG = 16


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it was taken, by a Maildir or by an SMTP server."""

    to: str
    message_id: str
    text: str

    @classmethod
    def read(cls, raw: bytes) -> Mail:
        found = cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))
        body = found.get_body(("plain",))
        to = found["To"].addresses[0].addr_spec
        text = cast(EmailMessage, body).get_content() if body else ""
        return cls(to, str(found["Message-ID"]), " ".join(text.split()))


@dataclass(slots=True)
class Act:
    """What one supporter was told."""

    email: str
    sentence: str
    note: str
    link: str = ""
    is_signed: bool = False
    is_confirmed: bool = False

    @property
    def form_key(self) -> str:
        """The key inside the form's note, which makes two presses one act."""
        raw = base64.urlsafe_b64decode(self.note + "=" * (-len(self.note) % 4))
        return str(json.loads(raw[TAG:])["key"])


@dataclass
class Ledger:
    """Supporters at work, and the book of what was promised to them."""

    base: Callable[[], str]
    page: str
    mails: Callable[[], Iterator[bytes]]
    seed: int = 1
    # Where the database itself is killed, 503 is the right answer, and people come back.
    takes_503: bool = False
    acts: list[Act] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    # Set whenever something has just been asked of the service: a good moment to kill it.
    stirred: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)
    _links: dict[str, str] = field(default_factory=dict)

    def open(self, signers: int = 2, a_second: float = 4.0) -> None:
        pause = signers / a_second
        for number in range(signers):
            chance = random.Random(self.seed * 100 + number)
            self._threads.append(
                threading.Thread(target=self._sign_on, args=(chance, pause), daemon=True)
            )
        self._threads.append(threading.Thread(target=self._confirm_on, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new supporters; those who have signed still open their mail and confirm."""
        self._stop.set()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def signed(self) -> list[Act]:
        return [act for act in self.acts if act.is_signed]

    @property
    def confirmed(self) -> list[Act]:
        return [act for act in self.acts if act.is_confirmed]

    def _sign_on(self, chance: random.Random, pause: float) -> None:
        while not self._stop.is_set():
            try:
                self._sign()
            except TimeoutError as error:
                self.surprises.append(str(error))
                return
            self._stop.wait(chance.uniform(0.2, 1.8) * pause)

    def _sign(self) -> None:
        status, page = self._ask("GET", self.page)
        found = NOTE.search(page)
        if status != http.HTTPStatus.OK or found is None:
            self.surprises.append(f"the page answered {status}")
            return
        mark = secrets.token_hex(8)
        act = Act(f"sam.{mark}@example.org", f"My own words {mark} are here.", found[1])
        with self._lock:
            self.acts.append(act)
        form = {
            "name": f"Sam {mark}",
            "email": act.email,
            "country": "SE",
            "sentence": act.sentence,
            "targets": "1",
            "letter_language": "en",
            "consent": "1",
            "form": act.note,
        }
        status, _ = self._ask("POST", f"{self.page}/send", form)
        act.is_signed = status == http.HTTPStatus.OK
        if not act.is_signed:
            self.surprises.append(f"a good form was answered {status}")

    def _confirm_on(self) -> None:
        seen = 0
        while True:
            arrived = list(self.mails())
            for raw in arrived[seen:]:
                mail = Mail.read(raw)
                link = LINK.search(mail.text)
                if link is not None:
                    self._links.setdefault(mail.to, link[0])
            seen = len(arrived)
            waiting = [act for act in list(self.acts) if act.is_signed and not act.is_confirmed]
            for act in waiting:
                if act.email in self._links:
                    self._confirm(act)
            signing = any(thread.is_alive() for thread in self._threads[:-1])
            if self._stop.is_set() and not signing and len(self.confirmed) == len(self.signed):
                return
            time.sleep(0.1)

    def _confirm(self, act: Act) -> None:
        act.link = self._links[act.email]
        path = urlsplit(act.link).path
        status, _ = self._ask("GET", path)
        if status not in (http.HTTPStatus.OK, http.HTTPStatus.SEE_OTHER):
            self.surprises.append(f"a link was answered {status}")
        status, _ = self._ask("POST", path, {})
        act.is_confirmed = status == http.HTTPStatus.SEE_OTHER
        if not act.is_confirmed:
            self.surprises.append(f"a confirmation was answered {status}")

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Ask until there is an answer, as a person presses "reload" when the line broke."""
        body = None if form is None else urlencode(form)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        ends = time.monotonic() + GIVE_UP_AFTER
        while time.monotonic() < ends:
            place = urlsplit(self.base())
            line = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
            try:
                if method == "POST":
                    self.stirred.set()
                line.request(method, path, body, headers)
                answer = line.getresponse()
                page = answer.read().decode()
            except (OSError, http.client.HTTPException):
                self.answers["no answer"] += 1
                time.sleep(0.1)
                continue
            finally:
                line.close()
            self.answers[f"{method} {answer.status}"] += 1
            if self.takes_503 and answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                time.sleep(0.5)
                continue
            return answer.status, page
        raise TimeoutError(f"no answer to {method} {path} for {GIVE_UP_AFTER:g} s")


class Maildir:
    """The folder of local mail, each message read once, in the order of arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, bytes] = {}

    def __call__(self) -> Iterator[bytes]:
        for path in (self._folder / "new").glob("*"):
            if path.name not in self._read:
                with suppress(FileNotFoundError):
                    self._read[path.name] = path.read_bytes()
        yield from self._read.values()
