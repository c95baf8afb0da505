"""The addresses that stand in our mails. A test holds them equal to what the doors answer to."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.i18n import SOURCE, catalogues


@dataclass(frozen=True, slots=True)
class Links:
    """Whole addresses under the installation's own base, never one taken from a request."""

    base: str

    @staticmethod
    def spoken(language: str) -> str:
        """The language of the page behind a link; a letter may be in one that we do not speak."""
        return language if language in catalogues.languages else SOURCE

    def campaign(self, language: str, reference: str, slug: str) -> str:
        return f"{self.base}/{self.spoken(language)}/campaigns/{reference}/{slug}"

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

    def done_reminders(self, language: str, token: str) -> str:
        return f"{self.base}/{language}/reminders/{token}/done"

    def confirm_follow(self, language: str, token: str) -> str:
        return f"{self.base}/{self.spoken(language)}/follow/{token}/confirm"

    def preferences(self, language: str, token: str) -> str:
        return f"{self.base}/{self.spoken(language)}/preferences/{token}"

    def follow_choice(self, language: str, token: str, reference: str) -> str:
        return f"{self.preferences(language, token)}/{reference}"

    def unsubscribe(self, language: str, token: str) -> str:
        return f"{self.base}/{self.spoken(language)}/unsubscribe/{token}"

    def office(self, key: str) -> str:
        return f"{self.base}/desk/address-book/{key}"

    def desk(self, reference: str, screen: str = "") -> str:
        return f"{self.base}/desk/campaigns/{reference}" + (f"/{screen}" if screen else "")
