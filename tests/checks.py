"""The checks that a machine runs of what people meet: their numbers, and what each one holds.

`pytest -m check` runs all of them; `pytest -k check:A7:` those of one number, and `-k A7` is
enough where no other number begins alike. One architecture test holds that every number is there.
"""

from __future__ import annotations

from typing import Final

CHECKS: Final = {
    "A1": "axe finds no barrier of WCAG 2.0-2.2 A and AA",
    "A2": "every page and every mail is valid HTML",
    "A3": "the style sheet is valid and names no physical side",
    "A4": "contrast of every pair of tokens",
    "A5": "the supporter's way with keys alone",
    "A6": "the desk from pasting to publishing with keys alone",
    "A7": "after an error the summary comes first and leads to the fields",
    "A8": "zoom of 400 %",
    "A9": "text twice as large, and the text spacing of WCAG",
    "A10": "size of what is pressed",
    "A11": "all three journeys without a script",
    "A12": "pages without style and pictures, as words",
    "A13": "forced colours and reduced motion",
    "A14": "names and roles",
    "A15": "charts have a name, words, a table and a file with the same numbers",
    "A16": "pictures have words",
    "A17": "the supporter's way as a screen reader says it",
    "I1": "language and direction of pages and of what stands in them",
    "I2": "addresses of one page in all languages name each other",
    "I3": "the language of a neutral address",
    "I4": "pages from right to left are mirrored",
    "I5": "nothing escapes the translators, and longer words fit",
    "I6": "the same from right to left",
    "I7": "every counted sentence takes the class of its number",
    "I8": "no sentence is built of pieces",
    "I9": "numbers, dates, deadlines and lists by language",
    "I10": "names in all scripts",
    "I11": "the printed letter in many scripts",
    "I12": "mails",
    "I13": "translations are complete",
    "P1": "bytes and requests of a first visit",
    "P2": "speed in the laboratory",
    "P3": "no third party, no cookie",
    "P4": "headers",
    "J1": "a supporter who types on a bad line needs a minute",
    "J2": "an organiser turns a document into a campaign",
    "J3": "a coordinator reads twelve answers",
    "J4": "a scanner that opens every link changes nothing",
    "J5": "double press, back, reload and two tabs are one letter",
    "J6": "hiding",
    "J7": "small cells",
}
