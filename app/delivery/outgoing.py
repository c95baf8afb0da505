"""How a message becomes the mail that leaves: written, signed, and with a way back.

A fax becomes a mail to its gateway: the digits of the number in an address pattern.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.delivery.channels.base import Envelope
from app.delivery.dkim import Signer, relevant, signed
from app.delivery.message import Message, build
from app.delivery.returns import Purpose, Returns

# RFC 2606: reaches nobody. A fax that stays on this machine, or goes to staging, needs no gateway.
NO_GATEWAY: Final = "{number}@fax.invalid"


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """What this installation does to every mail. Without settings: only writes it."""

    signers: tuple[Signer, ...] = ()
    returns: Returns | None = None
    fax_gateway: str = NO_GATEWAY

    def finish(
        self, message: Message, *, dispatch: uuid.UUID, message_id: str, date: datetime
    ) -> tuple[Envelope, bytes]:
        """The envelope and the bytes, the same on every attempt within a minute."""
        if message.to_fax:
            message = replace(message, to_address=self._gateway_to(message.to_fax), to_name="")
        sender = message.sender_address
        if self.returns is not None:
            sender = self.returns.address(Purpose.BOUNCES, dispatch)
            if message.relay_answers:
                answers = self.returns.address(Purpose.ANSWERS, dispatch)
                message = replace(message, reply_to=answers)
        content = build(message, message_id=message_id, date=date)
        signers = relevant(self.signers, message.sender_address)
        return Envelope(sender, message.to_address), signed(content, signers)

    def _gateway_to(self, number: str) -> str:
        return self.fax_gateway.replace("{number}", number.removeprefix("+"))
