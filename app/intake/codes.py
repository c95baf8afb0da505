"""Every reason and every caution a reading may carry; the doors have words for each of them."""

from __future__ import annotations

# Why a value is believed. Those of the second list always stand on a value that is to be checked.
BELIEVED = frozenset(
    {
        "address_block",
        "address_line",
        "asked",
        "background_label",
        "beside_reference",
        "both_genders",
        "call_and_targets",
        "call_words",
        "closing_formula",
        "common_words",
        "copies_heading",
        "copies_sentence",
        "copy_in_prose",
        "country_named",
        "date_line",
        "deadline_label",
        "deadline_sentence",
        "demand_list",
        "email",
        "fax_label",
        "form_label",
        "greeting",
        "heading",
        "issued_label",
        "known_organisation",
        "languages_label",
        "languages_sentence",
        "letter",
        "letter_head",
        "no_call",
        "people_label",
        "phone_label",
        "previous_label",
        "pronoun_label",
        "reference",
        "salutation_label",
        "subject_label",
        "targets_heading",
        "targets_sentence",
        "title_label",
        "urgent_words",
    }
)
DOUBTED = frozenset(
    {
        "cannot_be_dialled",  # no numbering plan knows the number
        "day_or_month_first",  # 3/4/1999
        "email_in_sentence",  # an address in a sentence that names nobody
        "first_line",  # the first line of an address, neither person nor office by its words
        "misspelt_closing",
        "number_without_label",  # nothing says whether telephone or fax
        "organisation_name",  # a name that only sounds like an organisation's
        "reference_late",  # the number stands far down
        "renamed_place",  # note: today's name
        "said_often",  # words said together again and again, where no capitals tell
        "sender",
        "speaker",
        "spoken_of",  # a name the text speaks of
        "two_dates",  # note: the other ones
        "two_spellings",  # note: the other one
        "veiled_address",  # "name [at] example.org"
        "year_is_guessed",
    }
)
CAUTIONS = frozenset(
    {
        "cannot_be_dialled",
        "deadline_passed",
        "look_alikes",  # letters of another script were read as what they look like
        "misspelt_closing",
        "renamed_place",
        "two_spellings",
        "wrong_encoding",  # the text was repaired
    }
)
