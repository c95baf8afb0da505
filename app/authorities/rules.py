"""What looks wrong about an address or a number. Doubts are told, never mended silently."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from app.authorities.models import ContactKind
from app.core.addresses import BadAddress, checked_address

# Half a year: offices move and addresses die faster than campaigns do.
CHECKED_WITHIN = timedelta(days=180)

# Country codes of telephone numbers (ITU-T E.164, list of assigned codes).
_ONE = "17"
_TWO = (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 "
    "65 66 81 82 84 86 90 91 92 93 94 95 98"
)
_THREE = (
    "211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 "
    "238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 "
    "262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 "
    "370 371 372 373 374 375 376 377 378 379 380 381 382 383 385 386 387 389 420 421 423 500 501 "
    "502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 "
    "676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 "
    "870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 "
    "976 977 979 992 993 994 995 996 998"
)
_CODES = frozenset((*_ONE, *_TWO.split(), *_THREE.split()))
_DIGITS_AT_MOST = 15
_DIGITS_AT_LEAST = 7

# Addresses anybody can have. An office may really use one, so it is a doubt and no refusal.
_FREE_MAIL = (
    "aol.com bk.ru fastmail.com gmail.com gmx.ch gmx.com gmx.de gmx.net googlemail.com hotmail.com "
    "hotmail.fr icloud.com inbox.ru laposte.net list.ru live.com mail.com mail.kz mail.ru me.com "
    "msn.com orange.fr outlook.com proton.me protonmail.com qq.com rambler.ru t-online.de ukr.net "
    "web.de wanadoo.fr ya.ru yahoo.co.uk yahoo.com yahoo.fr yandex.com yandex.kz yandex.ru "
    "163.com 126.com"
)
_FREE_MAIL_DOMAINS = frozenset(_FREE_MAIL.split())


class Doubt(StrEnum):
    """Why a contact point should be looked at before letters go there."""

    NO_COUNTRY_CODE = "no_country_code"
    UNKNOWN_COUNTRY_CODE = "unknown_country_code"
    ODD_LENGTH = "odd_length"
    FREE_MAIL = "free_mail"
    NOT_SECURE = "not_secure"
    ONE_LINE = "one_line"


def doubts_about(kind: ContactKind, value: str) -> list[Doubt]:
    """What a person should look at; nothing of it stops a save."""
    match kind:
        case ContactKind.PHONE | ContactKind.FAX:
            return _number_doubts(value)
        case ContactKind.EMAIL:
            domain = value.rpartition("@")[2].casefold().strip()
            return [Doubt.FREE_MAIL] if domain in _FREE_MAIL_DOMAINS else []
        case ContactKind.FORM:
            return [Doubt.NOT_SECURE] if value.startswith("http://") else []
        case ContactKind.POST:
            return [] if "\n" in value.strip() else [Doubt.ONE_LINE]


def fault_of(kind: ContactKind, value: str) -> str | None:
    """A code when the value is no contact point of its kind at all, None when it can be kept."""
    match kind:
        case ContactKind.EMAIL:
            try:
                checked_address(value)
            except BadAddress:
                return "bad_address"
        case ContactKind.FORM:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or "." not in parts.netloc:
                return "no_web_address"
        case ContactKind.PHONE | ContactKind.FAX:
            if not re.search(r"\d", value):
                return "no_phone_number"
        case ContactKind.POST:
            pass
    return None


def is_stale(last_verified: date | None, today: date) -> bool:
    """Whether somebody should look again if the address still holds."""
    return last_verified is None or today - last_verified > CHECKED_WITHIN


def _number_doubts(value: str) -> list[Doubt]:
    # A remark behind the number ("ext. 12", "secretariat") is no part of it.
    written = re.match(r"[\s\d+()./\u2010-\u2015-]*", value)
    digits = re.sub(r"\D", "", written.group() if written else "")
    if not value.strip().startswith("+"):
        return [Doubt.NO_COUNTRY_CODE]
    if not any(digits[:length] in _CODES for length in (1, 2, 3)):
        return [Doubt.UNKNOWN_COUNTRY_CODE]
    if not _DIGITS_AT_LEAST <= len(digits) <= _DIGITS_AT_MOST:
        return [Doubt.ODD_LENGTH]
    return []
