"""A real Postfix with folders of its own on the loopback, as deploy/postfix sets it up."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.delivery.outbox import free_port
from tests.faults.service import port_is_free, wait_for

DEPLOY = ROOT / "deploy" / "postfix"


def missing() -> str:
    """Why no Postfix can be run here; empty when it can."""
    if shutil.which("postfix") is None:
        return "no Postfix: apt-get install postfix"
    if os.geteuid() != 0:
        return "Postfix is started by root only"
    return ""


@dataclass
class Postfix:
    folder: Path
    port: int
    next_port: int

    @property
    def log(self) -> Path:
        return self.folder / "log" / "postfix.log"

    @property
    def queue(self) -> list[str]:
        return ["postqueue", "-c", str(self.folder / "etc"), "-j"]

    def say(self, *words: str) -> None:
        subprocess.run(
            ["postfix", "-c", str(self.folder / "etc"), *words], check=True, capture_output=True
        )

    def set_up(self) -> None:
        for name in ("etc", "log", "queue", "data"):
            (self.folder / name).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        own = {
            "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.folder / "log",
            "relayhost": f"[127.0.0.1]:{self.next_port}",
            "smtp_tls_security_level": "none",
            "smtp_sasl_auth_enable": "no",
            "smtp_sasl_password_maps": "",
            "inet_protocols": "ipv4",
            "myhostname": "relay.example.org",
            "alternate_config_directories": "",
        }
        given = (DEPLOY / "main.cf").read_text().splitlines()
        kept = [line for line in given if line.partition(" =")[0] not in own]
        lines = [*kept, *(f"{name} = {value}" for name, value in own.items())]
        (self.folder / "etc" / "main.cf").write_text("\n".join(lines) + "\n")
        services = (
            (DEPLOY / "master.cf").read_text().replace("127.0.0.1:2525", f"127.0.0.1:{self.port}")
        )
        (self.folder / "etc" / "master.cf").write_text(services)
        # The system's own file names where Debian keeps the parts.
        shutil.copy("/etc/postfix/dynamicmaps.cf", self.folder / "etc")


@contextmanager
def a_postfix(next_port: int) -> Iterator[Postfix]:
    # Not below pytest's folder, which other users may not enter; Postfix works as several.
    folder = Path(tempfile.mkdtemp(prefix="outcry-postfix-", dir="/tmp"))
    folder.chmod(0o755)
    postfix = Postfix(folder, free_port(), next_port)
    postfix.set_up()
    try:
        postfix.say("start")
        wait_for(lambda: not port_is_free(postfix.port), 20, "Postfix")
        yield postfix
    finally:
        subprocess.run(
            ["postfix", "-c", str(folder / "etc"), "stop"], check=False, capture_output=True
        )
        shutil.rmtree(folder, ignore_errors=True)
