"""How a message becomes the mail that leaves: written, signed, and with a way back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from app.delivery.channels.base import Envelope
from app.delivery.dkim import Signer, relevant, signed
from app.delivery.message import Message, build
from app.delivery.returns import Purpose, Returns


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing:
    """What this installation does to every mail. Without settings: only writes it."""

    signers: tuple[Signer, ...] = ()
    returns: Returns | None = None

    def finish(
        self, message: Message, *, dispatch: uuid.UUID, message_id: str, date: datetime
    ) -> tuple[Envelope, bytes]:
        """The envelope and the bytes, the same on every attempt within a minute."""
        sender = message.sender_address
        if self.returns is not None:
            sender = self.returns.address(Purpose.BOUNCES, dispatch)
            if message.relay_answers:
                answers = self.returns.address(Purpose.ANSWERS, dispatch)
                message = replace(message, reply_to=answers)
        content = build(message, message_id=message_id, date=date)
        signers = relevant(self.signers, message.sender_address)
        return Envelope(sender, message.to_address), signed(content, signers)
