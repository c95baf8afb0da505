from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import pytest

from app.campaigns.document import read_documents
from app.letters.coach import (
    Advice,
    Topic,
    advise,
    fingerprint_of,
    insults,
    length_of,
    missing_demands,
    missing_people,
    shouting,
)
from app.letters.declarations import freeze_forms, freeze_variants
from app.letters.likeness import KEPT, fingerprint, likeness
from app.letters.own_words import body_to_edit, with_body
from app.letters.render import (
    Answers,
    FinishedLetter,
    LetterSource,
    Paragraph,
    ParagraphKind,
    Recipient,
    render,
)

KEY = b"k" * 32
TWELVE = ("en", "fr", "es", "de", "it", "pt", "ru", "uk", "pl", "ar", "fa", "tr")
MODEL_TEXTS = (
    "I am writing to you about Ada Prisoner, a teacher who has been held since 2 May 2026.",
    "She was not allowed to see a lawyer for nine days, and her family does not know where she is.",
)
DEMANDS = (
    "Please release Ada Prisoner immediately and unconditionally.",
    "Please open an independent investigation into her treatment in custody.",
)
PEOPLE = (("Ada Prisoner", "Ада Присонер"),)
OTHER_WORDS = """My name is Sam, I live by the sea and teach small children to read.

Last week somebody told me of Ada Prisoner, and since then I cannot stop thinking of her pupils."""


def paragraphs(kind: ParagraphKind, texts: tuple[str, ...]) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(kind, text) for text in texts)


MODEL = FinishedLetter(
    "en",
    "ltr",
    "22 November 2026",
    (),
    "Dear Minister,",
    "Ada Prisoner",
    paragraphs(ParagraphKind.TEXT, MODEL_TEXTS) + paragraphs(ParagraphKind.DEMAND, DEMANDS),
    "Yours sincerely,",
    "Sam",
)
ASKED = "\n\n".join(DEMANDS)


@dataclass(frozen=True)
class Seed:
    """One letter of a demonstration campaign, with what it must keep."""

    letter: FinishedLetter
    demands: tuple[str, ...]
    people: tuple[tuple[str, ...], ...]


def seeds() -> dict[str, Seed]:
    return {
        f"{document.name}-{group}-{language}": seed(document.content, group, language)
        for document in read_documents()
        for group, letters in document.content["letters"].items()
        for language in letters
    }


def seed(content: dict[str, Any], group: str, language: str) -> Seed:
    written = content["letters"][group][language]
    demands = tuple(
        demand["texts"][language] for demand in content["demands"] if group in demand["audiences"]
    )
    people = tuple(
        (person["names"].get(language, person["name"]), person["name"])
        for person in content["people"]
    )
    letter = render(
        LetterSource(
            "1",
            language,
            written["subject"],
            written["body"],
            freeze_forms(written.get("forms", {})),
            freeze_variants(written.get("variants", {})),
        ),
        Recipient("", "", "", "…", "…", ()),
        Answers("Sam", "", ""),
        demands=demands,
        people=[names[0] for names in people],
        on=date(2026, 11, 22),
    )
    return Seed(letter, demands, people)


SEEDS = seeds()
seeds_of_all = pytest.mark.parametrize("one", SEEDS.values(), ids=SEEDS.keys())


def advice(edited: str, *, others: tuple[bytes, ...] = (), **more: Any) -> dict[Topic, Advice]:
    told = advise(
        MODEL,
        edited,
        demands=DEMANDS,
        people=PEOPLE,
        others=others,
        key=KEY,
        language="en",
        **more,
    )
    assert len({one.topic for one in told}) == len(told)
    return {one.topic: one for one in told}


def test_the_untouched_model_is_called_the_same_and_nothing_else() -> None:
    told = advice(body_to_edit(MODEL))
    assert told == {Topic.LIKE_MODEL: Advice(Topic.LIKE_MODEL, 100, is_worry=True)}


def test_own_words_are_told_apart_from_the_model_in_percent() -> None:
    own = advice(f"{OTHER_WORDS}\n\n{ASKED}")[Topic.LIKE_MODEL]
    assert 0 < own.figure < 50
    assert not own.is_worry
    added = advice(f"{body_to_edit(MODEL)}\n\nI am a teacher too.")[Topic.LIKE_MODEL]
    assert 80 <= added.figure < 100
    assert added.is_worry
    assert not advice(body_to_edit(MODEL), same_from=101)[Topic.LIKE_MODEL].is_worry


def test_likeness_does_not_care_for_case_accents_or_layout() -> None:
    shouted = advice(body_to_edit(MODEL).upper().replace(" ", "  "))[Topic.LIKE_MODEL]
    assert shouted.figure == 100


def test_a_letter_like_another_ones_is_told_without_telling_which() -> None:
    letter = f"{OTHER_WORDS}\n\n{ASKED}"
    same = fingerprint_of(with_body(MODEL, letter), KEY)
    far = fingerprint_of(with_body(MODEL, "A quite different text about birds."), KEY)
    assert Topic.LIKE_OTHERS not in advice(letter)
    assert advice(letter, others=(far, same))[Topic.LIKE_OTHERS].figure == 100
    told = advice(letter, others=(far,))[Topic.LIKE_OTHERS]
    assert (told.figure, told.is_worry) == (0, False)


def test_a_lost_demand_is_named() -> None:
    told = advice(f"{OTHER_WORDS}\n\n{DEMANDS[0]}")
    assert told[Topic.DEMAND_MISSING] == Advice(Topic.DEMAND_MISSING, 1, details=(DEMANDS[1],))


def test_a_demand_in_other_words_of_the_same_stems_is_kept() -> None:
    reworded = (
        "I ask that Ada Prisoner be released, immediately and unconditionally. An independent "
        "body must investigate her treatment while in custody, and open its findings."
    )
    assert missing_demands(reworded, DEMANDS, "en") == []


def test_the_words_of_a_demand_scattered_over_a_letter_are_no_demand() -> None:
    scattered = (
        "Ada was arrested. Please read this. The release of a film moved me. I pray for her. "
        "It came immediately. My love is given unconditionally."
    )
    assert missing_demands(scattered, DEMANDS[:1], "en") == list(DEMANDS[:1])


@seeds_of_all
def test_a_model_letter_needs_no_advice_in_any_language(one: Seed) -> None:
    told = advise(
        one.letter,
        body_to_edit(one.letter),
        demands=one.demands,
        people=one.people,
        others=(),
        key=KEY,
        language=one.letter.language,
    )
    assert [advised.topic for advised in told] == [Topic.LIKE_MODEL]


@seeds_of_all
def test_each_lost_demand_is_missed_in_every_language(one: Seed) -> None:
    body = body_to_edit(one.letter)
    for demand in one.demands:
        without = body.replace(demand, "")
        assert missing_demands(without, one.demands, one.letter.language) == [demand]


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("en", "Zhanbolat Mamay", "I ask for Zhanbolat Mamay’s release."),
        ("fr", "Janbolat Mamaï", "la libération de JANBOLAT MAMAI"),
        ("ru", "Жанболат Мамай", "Прошу освободить Жанболата Мамая."),
        ("ru", "Максат Досмагамбетов", "о Максате Досмагамбетове"),
        ("uk", "Жанболат Мамай", "звільнення Жанболата Мамая"),
        ("pl", "Żanbołat Mamaj", "uwolnienie Żanbołata Mamaja"),
        ("tr", "Janbolat Mamay", "Janbolat Mamay'ın serbest bırakılması"),
        ("ar", "جانبولات ماماي", "الإفراج عن جانبولات وماماي"),
        ("fa", "ژان‌بولات مامای", "آزادی ژانبولات مامای"),
        ("de", "Schanbolat Mamai", "die Freilassung Schanbolat Mamais"),
    ],
)
def test_a_name_is_found_in_another_case_and_spelling(language: str, name: str, text: str) -> None:
    assert missing_people(text, [(name,)], language) == []


def test_half_a_name_or_another_ones_is_missing() -> None:
    assert missing_people("Please free Ada.", PEOPLE, "en") == ["Ada Prisoner"]
    assert missing_people("Please free Bea Prisoner.", PEOPLE, "en") == ["Ada Prisoner"]
    assert missing_people("Свободу Марии Мамай", [("Жанболат Мамай",)], "ru") == ["Жанболат Мамай"]
    assert missing_people("Ада Присонер", PEOPLE, "en") == []


def test_more_than_a_page_is_told_in_percent() -> None:
    long = "\n\n".join(["A sentence that goes on for a while, as sentences do. " * 8] * 8)
    assert Topic.TOO_LONG not in advice(body_to_edit(MODEL))
    assert advice(f"{body_to_edit(MODEL)}\n\n{long}")[Topic.TOO_LONG].figure > 110


def test_the_length_can_be_counted_exactly_by_whoever_prints() -> None:
    assert advice(body_to_edit(MODEL), pages=lambda _letter: 2)[Topic.TOO_LONG].figure == 200
    assert Topic.TOO_LONG not in advice("x " * 9_000, pages=lambda _letter: 1)


@seeds_of_all
def test_a_seed_letter_is_estimated_at_one_page(one: Seed) -> None:
    assert 30 < length_of(one.letter) <= 100


@pytest.mark.parametrize(
    "link",
    ["https://example.org/a", "www.example.de", "bit.ly/x1", "me@example.org", "HTTP://EXAMPLE.RU"],
)
def test_links_are_counted(link: str) -> None:
    told = advice(f"{body_to_edit(MODEL)} See {link} now, and {link}")
    assert told[Topic.LINKS].figure == 2


def test_a_date_or_an_abbreviation_is_no_link() -> None:
    text = "On 2.5.2026, e.g. at 10.30 a.m., Art. 5.2. of the Code.Then no."
    assert Topic.LINKS not in advice(f"{body_to_edit(MODEL)}\n\n{text}")


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "You are an IDIOT and a liar, idiot.", ["idiot", "liar"]),
        ("fr", "Vous êtes un crétin et un lâche !", ["cretin", "lache"]),
        ("es", "Usted es un imbécil y un tirano.", ["imbecil", "tirano"]),
        ("de", "Sie Dummkopf, Sie Lügner!", ["dummkopf", "lugner"]),
        ("it", "Lei è un vigliacco e un ladro.", ["vigliacco", "ladro"]),
        ("pt", "O senhor é um canalha covarde.", ["canalha", "covarde"]),
        ("ru", "Вы мерзавец и подлец, тираны!", ["мерзавец", "подлец", "тираны"]),
        ("uk", "Ви негідник і зрадник.", ["негідник", "зрадник"]),
        ("pl", "Pan jest kłamcą i łajdakiem.", ["kłamca", "łajdakiem"]),
        ("ar", "أنتم جبناء وكذابون يا طغاة", ["جبناء", "كذابون", "طغاة"]),
        ("fa", "شما دروغگو و بی‌شرف هستید", ["دروغگو", "بی شرف"]),
        ("tr", "Siz şerefsiz bir yalancısınız", ["şerefsiz", "yalancisiniz"]),
    ],
)
def test_insults_of_the_letters_language_are_found(
    language: str, text: str, found: list[str]
) -> None:
    assert len(insults(text, language)) == len(found), insults(text, language)
    assert insults(text, language) or not found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The murderers of Ada must face justice; she was tortured and called a name."),
        ("fr", "Elle vit dans des conditions misérables et on ne la relâche pas."),
        ("es", "En un tribunal incompetente, con perros y en celdas miserables."),
        ("de", "Sie ist unfähig zu gehen; die Zustände sind erbärmlich."),
        ("it", "Il medico mostra i referti; le condizioni sono indecenti."),
        ("pt", "A cela tem lixo e ele ignora por quê."),
        ("ru", "Решение подлежит отмене, подлинные документы приложены; удар тупым предметом."),
        ("uk", "Підлягає перегляду; підліток; сторожові собаки."),
        ("pl", "Podłoga celi jest mokra; podłączyli go do aparatu; żałosne warunki."),
        ("ar", "زنزانة قذرة وكلاب الحراسة، وعملاء الشركة."),
        ("fa", "سلول کثیف، آسیب روانی، رفتار وحشیانه، سفیر انگلیس، تلفن دزدیده‌شده."),
        ("tr", "Alçak sesle konuştu; polis köpekleri; hayvanat bahçesi; serseri kurşun."),
        ("en", "Damning evidence of psychological torture."),
        ("de", "Wenn ich nicht irre, gab man ihr nur Schweinefleisch; sie musste schuften."),
        ("fr", "Les détenus étaient assoiffés. Une enquête pour escroquerie le vise."),
        ("ru", "Он был ранен в Кровавый январь."),
        ("uk", "Його звинувачують у шахрайстві; це було кривавого січня."),
        ("pl", "W areszcie nie działa kanalizacja. Zginął w krwawym styczniu."),
        ("ar", "نطالب بالإفراج عن حازم الجزار."),
        ("fa", "حکم ظالمانه‌ای صادر شد و با او ستمگرانه رفتار کردند."),
        ("tr", "Hırsızlık ve dolandırıcılık suçlamasıyla yargılandı, zorbalığa uğradı."),
    ],
)
def test_the_words_of_such_cases_are_no_insults(language: str, text: str) -> None:
    assert insults(text, language) == []


def test_the_lists_are_of_twelve_languages_and_others_have_none() -> None:
    assert all(insults(word, "en") == [] for word in ("con", "bête", "дурак"))
    assert insults("idiot", "ka") == []
    assert insults("idiot", "en-GB") == ["idiot"]


def test_shouting_is_what_the_model_does_not_shout() -> None:
    assert shouting("FREE HER NOW!! This is SHAMEFUL", "") == ["FREE", "SHAMEFUL", "!!"]
    assert shouting("UNESCO and the USA. Why?", "As UNESCO says") == []
    assert shouting("СВОБОДУ Аде", "") == ["СВОБОДУ"]
    assert shouting("أفرجوا عنها", "") == []


def test_advice_stops_nobody_whatever_is_written() -> None:
    for text in ("", "\n\n", "😀", "{{ date }}", "\ud800", "؟" * 500):
        assert Topic.LIKE_MODEL in advice(text)


def test_a_fingerprint_is_small_and_says_nothing_without_the_key() -> None:
    long = " ".join(f"word{number}" for number in range(4_000))
    assert len(fingerprint(long, KEY)) == KEPT * 8
    assert fingerprint(long, KEY) == fingerprint(long, KEY)
    assert not set(chunks(fingerprint(long, KEY))) & set(chunks(fingerprint(long, b"o" * 32)))
    assert fingerprint("", KEY) == b""
    assert fingerprint("one two", KEY) != fingerprint("one three", KEY)


def chunks(kept: bytes) -> list[bytes]:
    return [kept[start : start + 8] for start in range(0, len(kept), 8)]


@pytest.mark.parametrize("shared", [0, 100, 200, 300, 400])
def test_the_sketch_estimates_how_much_two_letters_share(shared: int) -> None:
    def text(name: str) -> str:
        words = [f"both{place}" for place in range(shared)]
        return " ".join(words + [f"{name}{place}" for place in range(400 - shared)])

    one, other = text("a"), text("b")
    in_both = max(0, shared - 4)
    in_either = 2 * (400 - 4) - in_both
    keys = [bytes([number]) * 32 for number in range(20)]
    found = [likeness(fingerprint(one, key), fingerprint(other, key)) for key in keys]
    assert abs(sum(found) / len(found) - 100 * in_both / in_either) <= 4
    assert max(found) - min(found) <= 40


def test_a_short_letter_that_a_long_one_holds_is_that_much_of_it() -> None:
    long = [f"word{place}" for place in range(804)]
    keys = [bytes([number]) * 32 for number in range(20)]
    found = [
        likeness(fingerprint(" ".join(long), key), fingerprint(" ".join(long[:204]), key))
        for key in keys
    ]
    assert abs(sum(found) / len(found) - 25) <= 3


def test_likeness_is_the_same_both_ways_and_of_nothing_nothing() -> None:
    one, other = fingerprint(OTHER_WORDS, KEY), fingerprint(ASKED, KEY)
    assert likeness(one, other) == likeness(other, one)
    assert likeness(b"", b"") == likeness(b"", one) == 0


def test_scripts_without_spaces_are_compared_by_their_letters() -> None:
    one, other = "我写信给您是关于一位教师的案件", "我写信给您是关于一位记者的案件"
    assert 0 < likeness(fingerprint(one, KEY), fingerprint(other, KEY)) < 100


@seeds_of_all
def test_an_unedited_body_is_the_same_letter(one: Seed) -> None:
    assert with_body(one.letter, body_to_edit(one.letter)) == one.letter


def test_demands_lose_their_emphasis_together_once_one_is_changed() -> None:
    own, demand = ParagraphKind.TEXT, ParagraphKind.DEMAND
    kept = with_body(MODEL, f"Hello.\n\n1. {DEMANDS[0]}\n\n2) {DEMANDS[1]}")
    assert [part.kind for part in kept.paragraphs] == [own, demand, demand]
    assert kept.body()[1:] == [f"1. {DEMANDS[0]}", f"2. {DEMANDS[1]}"]
    changed = with_body(MODEL, f"Hello.\n\n1. {DEMANDS[0]}\n\n2. Something else.")
    assert [part.kind for part in changed.paragraphs] == [own] * 3
    assert changed.body()[1:] == [f"1. {DEMANDS[0]}", "2. Something else."]
    turned = with_body(MODEL, f"{DEMANDS[1]}\n\n{DEMANDS[0]}")
    assert {part.kind for part in turned.paragraphs} == {own}


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n \t\n", "\u2029\u2029"])
def test_an_edited_body_is_cut_at_blank_lines_and_is_no_template(gap: str) -> None:
    edited = with_body(MODEL, f"One{gap}{{{{ date }}}}\nand\u202e two{gap}")
    assert [part.text for part in edited.paragraphs] == ["One", "{{ date }} and two"]
    assert edited.salutation == MODEL.salutation
    assert edited.writer == MODEL.writer


def test_all_pairs_of_lists_and_languages_load() -> None:
    for language, word in product(TWELVE, ("", "Ada")):
        assert insults(word, language) == []
