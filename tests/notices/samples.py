"""Every notice with values as they come, and the cases in which it says something else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from app.notices.rules import NOTICES, DigestRow, Enclosed, NewsItem

CLOSES_AT: Final = datetime(2022, 5, 12, 18, 0, tzinfo=UTC)
TITLES: Final = {
    "en": "Kazakhstan: opposition leader Zhanbolat Mamay must go free",
    "fr": "Kazakhstan : l’opposant Janbolat Mamaï doit retrouver la liberté",
    "ru": "Казахстан: оппозиционный политик Жанболат Мамай должен выйти на свободу",
    "ar": "كازاخستان: يجب الإفراج عن السياسي المعارض زانبولات ماماي",
}
PRESIDENT: Final = "Президент Республики Казахстан"
DOCTORS: Final = "Médecins Sans Frontières"
PRISON: Final = "Исправительное учреждение ГМ-172/8"
LETTER: Final = (
    "Глубокоуважаемый господин Президент!\n\nПрошу Вас освободить Жанболата Мамая.\n\n"
    "С глубоким уважением,\n\nSam Supporter"
)
PAGE: Final = "https://act.example.org"
CAMPAIGN: Final = f"{PAGE}/en/campaigns/k7m2p/janbolat-mamai"


def values_of(case: str, language: str) -> dict[str, object]:
    """The values of a case: `<notice>` or `<notice>-<what is different>`."""
    name, _, variant = case.partition("-")
    given: dict[str, object] = {
        "title": TITLES[language],
        "title_language": language,
        "sensitive": False,
        "preferences_link": f"{PAGE}/en/preferences/abc",
        "stop_link": f"{PAGE}/en/unsubscribe/abc",
    }
    wanted = NOTICES[name].values
    values = {key: value for key, value in given.items() if key in wanted} | _VALUES[name]
    return values | (_VARIANTS[case] if variant else {})


def name_of(case: str) -> str:
    return case.partition("-")[0]


_LETTER_PAGE = f"{PAGE}/en/letters/abc"
_VALUES: Final[dict[str, dict[str, object]]] = {
    "confirm": {
        "targets": [PRESIDENT],
        "letter_language": "ru",
        "confirm_link": f"{_LETTER_PAGE}/confirm",
        "link_ends_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "forget_days": 7,
    },
    "confirm_reminder": {
        "targets": [PRESIDENT],
        "letter_language": "ru",
        "confirm_link": f"{_LETTER_PAGE}/confirm",
        "link_ends_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "forget_days": 7,
    },
    "already_wrote": {
        "targets": [PRESIDENT],
        "written_on": date(2022, 5, 3),
        "status_link": _LETTER_PAGE,
    },
    "thank_you": {
        "handed_over": [PRESIDENT],
        "faxed": [],
        "to_print": [],
        "letters": [Enclosed(PRESIDENT, "ru", LETTER)],
        "status_link": _LETTER_PAGE,
        "deleted_on": date(2022, 6, 11),
    },
    "not_delivered": {
        "office": PRESIDENT,
        "ways": ["fax", "post"],
        "status_link": _LETTER_PAGE,
    },
    "answer": {"office": PRESIDENT},
    "did_not_leave": {
        "targets": [PRESIDENT],
        "reason": "deadline",
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "status_link": _LETTER_PAGE,
        "ask_section": True,
    },
    "remind_confirm": {
        "times": 2,
        "confirm_link": f"{PAGE}/en/reminders/abc/confirm",
        "link_ends_at": datetime(2022, 5, 4, 10, 0, tzinfo=UTC),
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "forget_days": 7,
    },
    "reminder": {
        "hours_left": 72,
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "letters_so_far": 1204,
        "campaign_link": CAMPAIGN,
        "done_link": f"{PAGE}/en/reminders/abc/done",
        "stop_link": f"{PAGE}/en/reminders/abc/stop",
    },
    "follow_confirm": {
        "new_actions": False,
        "countries": [],
        "weekly": False,
        "confirm_link": f"{PAGE}/en/follow/abc/confirm",
        "link_ends_at": datetime(2022, 5, 4, 10, 0, tzinfo=UTC),
        "time_zone": "Europe/Zurich",
        "forget_days": 7,
    },
    "deadline_near": {
        "hours_left": 72,
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "letters_so_far": 1204,
        "campaign_link": CAMPAIGN,
        "choice_link": f"{PAGE}/en/preferences/abc/k7m2p",
    },
    "campaign_changed": {
        "old_closes_at": CLOSES_AT - timedelta(days=14),
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "words": "The court has put the hearing off.",
        "words_language": "en",
        "campaign_link": CAMPAIGN,
    },
    "outcome": {
        "outcome": "freed",
        "happened_on": date(2022, 5, 20),
        "source": "Радио Азаттык",
        "words": "He came home in the evening.\nThe case against him goes on.",
        "words_language": "en",
        "only_this": True,
        "ends_on": date(2022, 8, 18),
        "campaign_link": CAMPAIGN,
    },
    "new_action": {
        "we_ask": "Release him at once.",
        "follows_up": False,
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "campaign_link": CAMPAIGN,
    },
    "weekly_news": {
        "news": [
            NewsItem(kind, TITLES["ru"], "ru", CAMPAIGN)
            for kind in ("opened", "extended", "changed", "outcome")
        ],
    },
    "still_there": {"ends_on": date(2022, 6, 11)},
    "not_posted": {
        "targets": [PRISON],
        "post_by": date(2022, 4, 28),
        "status_link": _LETTER_PAGE,
    },
    "data_deletion": {
        "is_deleted": False,
        "deleted_on": date(2022, 6, 11),
        "own_data_link": f"{_LETTER_PAGE}/data",
    },
    "translation_wanted": {
        "by_name": "Olena Organiser",
        "from_language": "ru",
        "into_language": "fa",
        "words_count": 212,
        "wanted_by": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "note": "",
        "translate_link": f"{PAGE}/translate/abc",
    },
    "translation_received": {
        "into_language": "fa",
        "desk_link": f"{PAGE}/desk/campaigns/k7m2p",
    },
    "weekly_digest": {
        "letters_this_week": 3412,
        "change_percent": 18,
        "on_course": 5,
        "open_actions": 7,
        "needing_decision": 2,
        "letters_failed": 31,
        "outcomes_known": 20,
        "closed_actions": 24,
        "rows": [DigestRow(TITLES["ru"], "ru", 1204, 3), DigestRow(TITLES["en"], "en", 96, 20)],
        "stats_link": f"{PAGE}/stats",
        "stop_link": f"{PAGE}/stats/digest/abc",
    },
    "sign_in_code": {"code": "482915", "minutes": 10},
    "invitation": {
        "by_name": "Олена Организатор",
        "invitation_link": f"{PAGE}/invitation/abc",
        "link_ends_at": CLOSES_AT,
        "time_zone": "Europe/Zurich",
    },
    "report_ready": {
        "report": "Letters by country, April 2022",
        "report_link": f"{PAGE}/stats/reports/abc",
        "link_ends_at": CLOSES_AT,
        "time_zone": "Europe/Zurich",
    },
    "review_wanted": {
        "by_name": "Olena Organiser",
        "languages": ["en", "fr", "ru"],
        "target_count": 10,
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "review_link": f"{PAGE}/desk/campaigns/k7m2p/review",
    },
    "review_decided": {
        "by_name": "Олена Организатор",
        "approved": True,
        "note": "",
        "campaign_link": f"{PAGE}/en/campaigns/k7m2p/janbolat-mamai",
        "desk_link": f"{PAGE}/desk/campaigns/k7m2p",
    },
    "deadline_warning": {
        "hours_left": 72,
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "letters_handed_over": 1204,
        "letters_waiting": 3,
        "unconfirmed": 21,
        "ask_section": True,
        "extend_link": f"{PAGE}/desk/campaigns/k7m2p/extend",
        "close_link": f"{PAGE}/desk/campaigns/k7m2p/close",
    },
    "letters_held": {
        "letters_held": 3,
        "desk_link": f"{PAGE}/desk/campaigns/k7m2p",
    },
    "address_doubtful": {
        "office": PRESIDENT,
        "address": "office@ministry.example.org",
        "book_link": f"{PAGE}/desk/address-book/president-kz",
    },
    "facts_changed": {
        "note": "Жанболат Мамай переведён в другую колонию.",
        "targets": [PRESIDENT],
        "closes_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "status_link": _LETTER_PAGE,
    },
    "outcome_wanted": {
        "closed_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "days": 30,
        "letters_handed_over": 1204,
        "outcome_link": f"{PAGE}/desk/campaigns/k7m2p/outcome",
    },
    "held": {"office": PRESIDENT, "reason": "no_answer", "status_link": _LETTER_PAGE},
    "closed": {
        "closed_at": CLOSES_AT,
        "time_zone": "Asia/Almaty",
        "reason": "expired",
        "by_name": "",
        "letters_handed_over": 1204,
        "letters_cancelled": 2,
        "desk_link": f"{PAGE}/desk/campaigns/k7m2p",
        "extend_link": f"{PAGE}/desk/campaigns/k7m2p/extend",
    },
}
_VARIANTS: Final[dict[str, dict[str, object]]] = {
    "confirm-many": {"targets": [DOCTORS, PRISON]},
    "confirm-sensitive": {"sensitive": True},
    "confirm_reminder-many": {"targets": [DOCTORS, PRISON]},
    "already_wrote-many": {"targets": [DOCTORS, PRISON]},
    "thank_you-mixed": {
        "handed_over": [DOCTORS, PRESIDENT],
        "to_print": [PRISON],
        "letters": [Enclosed(PRESIDENT, "ru", LETTER), Enclosed(DOCTORS, "ru", LETTER)],
    },
    "thank_you-faxed": {"handed_over": [], "faxed": [PRISON]},
    "thank_you-print": {"handed_over": [], "to_print": [PRISON, PRESIDENT], "letters": []},
    "held-changed": {"reason": "suppressed", "sensitive": True},
    "facts_changed-many": {"targets": [DOCTORS, PRISON], "sensitive": True},
    "outcome_wanted-last": {"days": 90},
    "letters_held-one": {"letters_held": 1},
    "not_delivered-no_way": {"ways": []},
    "not_delivered-all_ways": {
        "ways": ["form", "fax", "post", "phone", "embassy"],
        "sensitive": True,
    },
    "answer-sensitive": {"sensitive": True},
    "did_not_leave-many": {"targets": [DOCTORS, PRISON], "ask_section": False},
    "did_not_leave-stopped": {"reason": "stopped"},
    "did_not_leave-withdrawn": {"reason": "withdrawn", "sensitive": True},
    "reminder-last": {"hours_left": 23, "letters_so_far": None},
    "reminder-sensitive": {"sensitive": True},
    "follow_confirm-new": {"title": "", "new_actions": True},
    "follow_confirm-some": {
        "title": "",
        "new_actions": True,
        "countries": ["KZ", "BY", "CI"],
        "weekly": True,
    },
    "deadline_near-last": {"hours_left": 23, "letters_so_far": None, "sensitive": True},
    "campaign_changed-facts": {"old_closes_at": None, "sensitive": True},
    "outcome-charges": {"outcome": "charges_dropped", "source": "", "words": ""},
    "outcome-improved": {"outcome": "improved", "only_this": False},
    "outcome-no_change": {"outcome": "no_change"},
    "outcome-worse": {"outcome": "worse", "sensitive": True},
    "outcome-unknown": {"outcome": "unknown", "words": "", "source": ""},
    "new_action-next": {"follows_up": True, "sensitive": True, "we_ask": ""},
    "weekly_news-one": {"news": [NewsItem("opened", TITLES["en"], "en", CAMPAIGN)]},
    "not_posted-many": {"targets": [DOCTORS, PRISON]},
    "data_deletion-done": {"is_deleted": True},
    "translation_wanted-note": {
        "note": "Please keep her name as it is.",
        "wanted_by": None,
        "words_count": 1,
    },
    "weekly_digest-quiet": {
        "letters_this_week": 1,
        "change_percent": -40,
        "needing_decision": 1,
        "rows": [],
    },
    "weekly_digest-first": {"change_percent": None, "needing_decision": 0},
    "weekly_digest-same": {"change_percent": 0},
    "review_wanted-undated": {"closes_at": None, "target_count": 1},
    "review_decided-returned": {
        "approved": False,
        "note": "The fax number has no country code.\nPlease check it.",
    },
    "deadline_warning-week": {"hours_left": 168},
    "deadline_warning-stop": {"hours_left": 24, "ask_section": False},
    "closed-stopped": {"reason": "stopped", "by_name": "Olena Organiser"},
    "closed-outcome": {"reason": "outcome", "by_name": "Olena Organiser"},
    "closed-superseded": {"reason": "superseded", "by_name": "Olena Organiser"},
}
CASES: Final = (*_VALUES, *_VARIANTS)
