"""Every setting of Outcry: an environment variable with the prefix OUTCRY_, read once at the start.

Nothing is read later and nothing can be changed: what `flask config show` prints is what runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
PREFIX = "OUTCRY_"


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
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must look like smtp://user:password@host:port")
        _require_port(url)
        return url

    @field_validator("base_url")
    @classmethod
    def _base(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("must look like https://act.example.org")
        _require_port(url)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        # Paths and addresses that follow from other settings are resolved here, once.
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.var / 'outcry.db'}")
        if not self.base_url:
            object.__setattr__(self, "base_url", f"http://{self.host}:{self.port}")
        return self

    @property
    def is_local_only(self) -> bool:
        """Nobody but this machine reaches the server, and no mail leaves it."""
        return not self.mail_url and not self.proxy_hops and self.host in ("127.0.0.1", "::1")

    @property
    def maildir(self) -> Path:
        return self.var / "mail"

    @property
    def erasures(self) -> Path:
        """Hashes of erased addresses; beside the database, so that no backup brings them back."""
        return self.var / "erased"

    @property
    def key_file(self) -> Path:
        return self.var / "keys" / "master.key"


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
        field = str(first["loc"][0]) if first["loc"] else "?"
        name = field if field.isupper() else f"{PREFIX}{field}".upper()
        raise BadSetting(f"Setting {name} cannot be used: {first['msg']}.") from None
