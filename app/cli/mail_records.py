"""flask mail dkim-key and dns: keys for signing, and the records that tell the world of them."""

from __future__ import annotations

import click
from sqlalchemy import select

from app.cli.state import answer, refuse, state
from app.delivery.dkim import NoSigningKey, Signer, make_keys, read_signers
from app.delivery.outgoing import NO_GATEWAY, Outgoing
from app.delivery.returns import Returns
from app.sections.models import Section
from app.state import State
from config import Settings

# A record of DNS is made of strings of at most 255; an RSA key needs two.
STRING_AT_MOST = 255


def outgoing_of(of: State) -> Outgoing:
    """What the settings say of signing and of the way back; refuses the start without its keys."""
    settings = of.settings
    signers: tuple[Signer, ...] = ()
    if settings.dkim_domain:
        signers = _signers(settings, settings.dkim_selector)
    gateway = settings.fax if "{number}" in settings.fax else NO_GATEWAY
    return Outgoing(signers, returns_of(of), gateway)


def returns_of(of: State) -> Returns | None:
    """The addresses mail comes back to; None without a domain for them."""
    domain = of.settings.bounce_domain
    return Returns(of.keys, domain) if domain else None


@click.command("dkim-key")
@click.argument("selector")
def dkim_key(selector: str) -> None:
    """Make a pair of keys for signing, under a SELECTOR of your choice, such as 2026a."""
    try:
        paths = make_keys(state().settings.dkim_keys, selector)
    except NoSigningKey as error:
        refuse(f"{error}.")
        return
    except OSError as error:
        refuse(f"No key is made: {error.strerror}.")
        return
    for path in paths:
        click.echo(path)


@click.command("dns")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dns(*, as_json: bool) -> None:
    """Print the records to publish: SPF, DKIM, DMARC, and the way back for reports.

    What stands in CAPITALS is yours to fill in: how your mail server is called.
    """
    settings = state().settings
    with state().database.reading() as session:
        addresses = session.scalars(select(Section.sender_address).order_by(Section.key)).all()
    senders = sorted({address.rpartition("@")[2].lower() for address in addresses})
    rows = [
        *_spf([settings.bounce_domain] if settings.bounce_domain else senders),
        *_dkim(settings),
        *(_row(f"_dmarc.{domain}", "TXT", _DMARC.format(domain=domain)) for domain in senders),
    ]
    if settings.bounce_domain:
        rows.append(_row(settings.bounce_domain, "MX", "10 YOUR-MAIL-SERVER."))
    if as_json:
        answer(rows, as_json=True)
        return
    for row in rows:
        value = _quoted(row["value"]) if row["type"] == "TXT" else row["value"]
        click.echo(f"{row['name']}. IN {row['type']} {value}")
    for sentence in _warnings(settings, senders):
        click.echo(sentence, err=True)


COMMANDS = (dkim_key, dns)

# "none" first, so that nothing is lost while other mail of the domain is not signed yet.
_DMARC = "v=DMARC1; p=none; adkim=r; aspf=r; rua=mailto:postmaster@{domain}"


def _spf(domains: list[str]) -> list[dict[str, str]]:
    return [_row(domain, "TXT", "v=spf1 a:YOUR-MAIL-SERVER -all") for domain in domains]


def _dkim(settings: Settings) -> list[dict[str, str]]:
    if not settings.dkim_domain:
        return []
    selectors = [settings.dkim_selector]
    if settings.dkim_other_selector:
        selectors.append(settings.dkim_other_selector)
    return [
        _row(signer.dns_name, "TXT", signer.dns_value)
        for selector in selectors
        for signer in _signers(settings, selector)
    ]


def _signers(settings: Settings, selector: str) -> tuple[Signer, ...]:
    try:
        return read_signers(settings.dkim_keys, selector, settings.dkim_domain)
    except NoSigningKey as error:
        refuse(f"{error}. `flask mail dkim-key {selector}` makes a new pair.")
        return ()


def _warnings(settings: Settings, senders: list[str]) -> list[str]:
    if not settings.dkim_domain:
        return ["Nothing is signed here: set OUTCRY_DKIM_DOMAIN and OUTCRY_DKIM_SELECTOR."]
    return [
        f"Mail from {domain} is not signed: the domain of the keys is {settings.dkim_domain}."
        for domain in senders
        if not f".{domain}".endswith(f".{settings.dkim_domain}")
    ]


def _row(name: str, kind: str, value: str) -> dict[str, str]:
    return {"name": name, "type": kind, "value": value}


def _quoted(value: str) -> str:
    parts = [value[at : at + STRING_AT_MOST] for at in range(0, len(value), STRING_AT_MOST)]
    return " ".join(f'"{part}"' for part in parts)
