"""Every setting of Outcry: an environment variable with the prefix OUTCRY_, read once at the start.

Nothing is read later and nothing can be changed: what `flask config show` prints is what runs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
PREFIX = "OUTCRY_"

_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}")
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")


class BadSetting(SystemExit):
    """A setting is unknown or cannot be used; the start stops and the message names it."""


class Settings(BaseSettings):
    """What an operator may decide. Each default carries its reason."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Where everything is kept that is not code: database, keys, local mail.
    var: Path = ROOT / "var"
    # Embedded by default: one machine, nothing to install. postgresql://… for many machines.
    database_url: str = ""
    # Unset: mail goes to the Maildir. A fresh installation cannot write to a president by accident.
    mail_url: str = ""
    # The log of a Postfix on this machine that is the only relay. With it a crash doubles nothing:
    # what it took is read there. Unset: one second copy is risked, then a person decides.
    relay_log: str = ""
    # What lists its queue. Empty: a message that shows in the log but not as taken stays unknown.
    relay_queue: str = "postqueue -j"
    # How long its log may lag behind what it took, in seconds. Postfix writes within one; a machine
    # under load, or a log that takes the way through syslog, needs longer. Waiting costs a delay
    # after a crash, not waiting costs a second copy.
    relay_grace: Annotated[float, Field(ge=0, le=3600)] = 20
    # How letters leave by fax: an address pattern of an e-mail-to-fax gateway, or HylaFAX. Unset:
    # a fax is a sheet that the writer takes to a machine.
    fax: Annotated[str, Field(description="{number}@gateway, or sendfax:")] = ""
    # A copy for staging: everything goes to this one address, whoever it was meant for.
    mail_only_to: str = ""
    # Faults on purpose are for tests: without this switch no process kills itself.
    test_faults: bool = False
    # STEP or STEP:TIMES: a worker ends itself with SIGKILL when it reaches this step so often.
    test_kill_at: str = ""
    # Loopback: nobody outside the machine reaches a fresh installation.
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=8000, validation_alias=AliasChoices("OUTCRY_PORT", "PORT")
    )
    # Links in mails start with this. Never taken from a request: a forged Host must not get in.
    base_url: str = ""
    # How many proxies stand in front and may be believed about the outer address.
    proxy_hops: Annotated[int, Field(ge=0, le=5)] = 0
    # Load the demonstration campaigns when started by `./run` alone.
    demo: bool = True
    log_format: Literal["text", "json"] = "text"
    # SQLite has one writer at a time, so threads of one process serve it best.
    web_processes: Annotated[int, Field(ge=1, le=64)] = 1
    web_threads: Annotated[int, Field(ge=1, le=64)] = 4
    workers: Annotated[int, Field(ge=1, le=32)] = 1
    # How long a scheduler or worker may be silent before another takes over, in seconds.
    lease_seconds: Annotated[float, Field(ge=0.2, le=3600)] = 15
    # How often an idle worker looks for work, in seconds.
    poll_seconds: Annotated[float, Field(ge=0.05, le=60)] = 0.5
    # How long an SMTP server may be silent, in seconds. RFC 5321 4.5.3.2 asks for ten minutes
    # after the final dot; a shorter wait would send a second copy.
    smtp_timeout: Annotated[float, Field(ge=1, le=3600)] = 600
    # From how many forms on their writers' browsers are asked for a moment of work; nobody is ever
    # refused by these. In ten minutes from one network: an office that signs in its lunch hour.
    network_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    # In six hours from one network.
    network_sustained: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    # In ten minutes with addresses of one domain, in one campaign; the large providers aside.
    domain_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 15
    # In ten minutes in one campaign, while hardly anybody confirms.
    campaign_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 60
    # Faster than this, in seconds, nobody reads a page and fills in its form.
    fill_seconds: Annotated[int, Field(ge=0, le=60)] = 5
    # How many reminders one person gets within seven days, over all campaigns.
    reminders_a_week: Annotated[int, Field(ge=0, le=50)] = 2
    # Where reports about undelivered mail come in. Unset: they go to the section's sender.
    bounce_domain: Annotated[str, Field(description="a domain")] = ""
    # Whose name signatures are made in. Unset: nothing is signed here.
    dkim_domain: Annotated[str, Field(description="a domain")] = ""
    # Which pair of keys signs; `flask mail dkim-key` makes one.
    dkim_selector: Annotated[str, Field(description="a short name")] = ""
    # A pair that is published beside it: the next before it signs, or the last while mail that it
    # has signed is still on its way.
    dkim_other_selector: Annotated[str, Field(description="a short name")] = ""
    # Where the pairs are kept. Unset: beside the master key, wherever `var` is.
    dkim_keys: Path = ROOT / "var" / "keys" / "dkim"

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        _require_port(url)
        return url

    @field_validator("mail_url")
    @classmethod
    def _mail(cls, url: str) -> str:
        for each in mail_urls(url):
            parts = urlsplit(each)
            if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
                raise ValueError("must look like smtp://user:password@host:port")
            _require_port(each)
        return url

    @field_validator("fax")
    @classmethod
    def _fax(cls, outlet: str) -> str:
        gateway = outlet.count("{number}") == 1 and outlet.replace("{number}", "4912345678901")
        if outlet and not (
            _SENDFAX.fullmatch(outlet) or (gateway and _ONE_ADDRESS.fullmatch(gateway))
        ):
            raise ValueError("must look like {number}@fax.example.org, or be sendfax:")
        return outlet

    @field_validator("mail_only_to")
    @classmethod
    def _only_to(cls, address: str) -> str:
        if address and not _ONE_ADDRESS.fullmatch(address):
            raise ValueError("must be one plain address")
        return address

    @field_validator("test_kill_at")
    @classmethod
    def _kill_at(cls, step: str) -> str:
        if step and not _STEP.fullmatch(step):
            raise ValueError("must look like dot_sent or dot_sent:25")
        return step

    @field_validator("bounce_domain", "dkim_domain")
    @classmethod
    def _domain(cls, name: str) -> str:
        # A return path has 61 characters before the @, and a path has 254 at most (RFC 5321).
        if name and (len(name) > 190 or not _DOMAIN.fullmatch(name)):
            raise ValueError("must be a domain in ASCII, such as act.example.org")
        return name.lower()

    @field_validator("dkim_selector", "dkim_other_selector")
    @classmethod
    def _selector(cls, name: str) -> str:
        if name and not _SELECTOR.fullmatch(name):
            raise ValueError("must be small letters, digits and hyphens")
        return name

    @field_validator("base_url")
    @classmethod
    def _base(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("must look like https://act.example.org")
        _require_port(url)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        if self.test_kill_at and not self.test_faults:
            raise ValueError("OUTCRY_TEST_KILL_AT needs OUTCRY_TEST_FAULTS")
        if self.relay_log and len(self.relays) != 1:
            raise ValueError("OUTCRY_RELAY_LOG needs exactly one relay in OUTCRY_MAIL_URL")
        # Paths and addresses that follow from other settings are resolved here, once.
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.var / 'outcry.db'}")
        if self.workers > 1 and self.database_url.startswith("sqlite"):
            raise ValueError("OUTCRY_WORKERS must be 1 with SQLite, which has one writer at a time")
        if not self.base_url:
            object.__setattr__(self, "base_url", f"http://{self.host}:{self.port}")
        if "dkim_keys" not in self.model_fields_set:
            object.__setattr__(self, "dkim_keys", self.var / "keys" / "dkim")
        if bool(self.dkim_domain) != bool(self.dkim_selector):
            raise ValueError("OUTCRY_DKIM_DOMAIN and OUTCRY_DKIM_SELECTOR go together")
        return self

    @property
    def relays(self) -> tuple[str, ...]:
        """The addresses of the relays, the first one first."""
        return mail_urls(self.mail_url)

    @property
    def fax_command(self) -> str:
        """The command that takes a fax; empty where a gateway does, or nobody."""
        found = _SENDFAX.fullmatch(self.fax)
        return (found[1] or "sendfax") if found else ""

    @property
    def is_local_only(self) -> bool:
        """Nobody but this machine reaches the server, and no mail leaves it."""
        return not self.mail_url and not self.proxy_hops and self.host in ("127.0.0.1", "::1")

    @property
    def maildir(self) -> Path:
        return self.var / "mail"

    @property
    def erasures(self) -> Path:
        """Hashes of erased addresses; beside the key, so that no backup brings them back."""
        return self.key_file.with_name("erased")

    @property
    def key_file(self) -> Path:
        return self.var / "keys" / "master.key"


def mail_urls(setting: str) -> tuple[str, ...]:
    """Several addresses in one setting, with commas or spaces between them."""
    return tuple(setting.replace(",", " ").split())


_ONE_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9.-]+")
_SENDFAX = re.compile(r"sendfax:(/[\w./+-]+)?")
_STEP = re.compile(r"[a-z_]+(:[1-9]\d{0,8})?")


def _require_port(url: str) -> None:
    """Refuse a port that is no number, or none that exists; reading it is what checks it."""
    try:
        _port = urlsplit(url).port
    except ValueError as error:
        raise ValueError("has a port that is none") from error


def read_settings() -> Settings:
    """The settings of this process; stops the start with the name of the first bad one."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        raise BadSetting(f"Unknown setting {unknown[0]}. `flask config show` lists the known ones.")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise BadSetting(f"{first['msg'].removeprefix('Value error, ')}.") from None
        field = str(first["loc"][0])
        name = field if field.isupper() else f"{PREFIX}{field}".upper()
        raise BadSetting(f"Setting {name} cannot be used: {first['msg']}.") from None
