"""The addresses that stand in our mails. A test holds them equal to what the doors answer to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Whole addresses under the installation's own base, never one taken from a request."""

    base: str

    def campaign(self, language: str, reference: str, slug: str) -> str:
        return f"{self.base}/{language}/campaigns/{reference}/{slug}"

    def confirm(self, language: str, token: str) -> str:
        return f"{self.base}/{language}/letters/{token}/confirm"

    def status(self, language: str, token: str) -> str:
        return f"{self.base}/{language}/letters/{token}"

    def data(self, language: str, token: str) -> str:
        return f"{self.base}/{language}/letters/{token}/data"

    def confirm_reminders(self, language: str, token: str) -> str:
        return f"{self.base}/{language}/reminders/{token}/confirm"

    def stop_reminders(self, language: str, token: str) -> str:
        return f"{self.base}/{language}/reminders/{token}/stop"

    def office(self, key: str) -> str:
        return f"{self.base}/desk/address-book/{key}"

    def desk(self, reference: str, screen: str = "") -> str:
        return f"{self.base}/desk/campaigns/{reference}" + (f"/{screen}" if screen else "")
