"""What is kept in memory ends with the next commit, on both engines."""

from __future__ import annotations

from sqlalchemy import create_engine, text

from app.core.changes import Changes
from app.core.db import Database, connect
from app.core.kept import AT_MOST, Kept


def write(database: Database, words: str, *, keep: bool = True) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE section SET name = :words"), {"words": words})
        session.execute(
            text("INSERT INTO country_note VALUES (:words, '{}', '2026-01-01')"), {"words": words}
        )
        (session.commit if keep else session.rollback)()


def test_a_commit_of_anybody_changes_the_mark_and_looking_does_not(database: Database) -> None:
    changes = Changes(database)
    before = changes.mark()
    assert before is not None
    with database.reading() as session:
        session.execute(text("SELECT count(*) FROM section")).all()
    assert changes.mark() == before
    write(database, "aa")
    after = changes.mark()
    assert after != before
    other = connect(database.engine.url.render_as_string(hide_password=False))
    write(other, "bb")
    other.dispose()
    assert changes.mark() not in (before, after)


def test_what_was_asked_for_before_a_write_is_not_found_after_it(database: Database) -> None:
    kept: Kept[str] = Kept()
    generation = kept.now(database, 7)
    assert generation is not None
    write(database, "cc")
    # Built before, while or after that was written: nobody can tell, so nobody gets it.
    generation.keep("page", "old")
    found = kept.now(database, 7)
    assert found is not None
    assert found.entries == {}
    found.keep("page", "new")
    again = kept.now(database, 7)
    assert again is not None
    assert again.entries == {"page": "new"}


def test_a_minute_ends_what_was_kept(database: Database) -> None:
    kept: Kept[str] = Kept()
    generation = kept.now(database, 7)
    assert generation is not None
    generation.keep("page", "of this minute")
    following = kept.now(database, 8)
    assert following is not None
    assert following.entries == {}


def test_of_too_many_none_that_is_new_is_kept(sqlite_database: Database) -> None:
    kept: Kept[int] = Kept()
    for number in range(AT_MOST + 5):
        generation = kept.now(sqlite_database, 1)
        assert generation is not None
        generation.keep(number, number)
    assert generation is not None
    assert len(generation.entries) == AT_MOST


def test_a_database_that_is_out_of_reach_gives_no_mark(sqlite_database: Database) -> None:
    nowhere = Database(
        create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing"),
        sqlite_database.glancing,
        sqlite_database.reading,
        sqlite_database.writing,
    )
    assert Changes(nowhere).mark() is None


def test_the_line_is_closed_with_the_database_and_opened_anew(database: Database) -> None:
    changes = Changes(database)
    before = changes.mark()
    database.dispose()
    after = changes.mark()
    assert after is not None
    assert after != before, "a new line counts anew"
    database.dispose()
