"""people who asked to hear what comes of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def _kind(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    _people()
    _what_they_are_told()
    with op.batch_alter_table("signature") as table:
        for column in ("tell_me", "asked_about_post"):
            table.add_column(
                sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False)
            )
    with op.batch_alter_table("reminder_request") as table:
        table.add_column(sa.Column("time_zone", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("reminder_request") as table:
        table.drop_column("time_zone")
    with op.batch_alter_table("signature") as table:
        table.drop_column("asked_about_post")
        table.drop_column("tell_me")
    op.drop_table("follower_nudge")
    op.drop_table("news")
    op.drop_table("follow")
    op.drop_table("follower")


def _people() -> None:
    op.create_table(
        "follower",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("state", _kind("followerstate", "pending", "confirmed"), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_email", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("new_actions", sa.Boolean(), nullable=False),
        sa.Column("countries", sa.JSON(), nullable=False),
        sa.Column("often", _kind("howoften", "at_once", "weekly"), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("link_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("asked_to_stay", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "(state = 'confirmed') = (confirmed_on IS NOT NULL)",
            name=op.f("ck_follower_confirmed_on_a_day"),
        ),
        sa.CheckConstraint(
            "(confirmed_on IS NULL) = (ends_on IS NULL)", name=op.f("ck_follower_has_an_end")
        ),
        sa.ForeignKeyConstraint(
            ["section_id"], ["section.id"], name=op.f("fk_follower_section_id_section")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follower")),
        sa.UniqueConstraint(
            "section_id", "address_hash", name=op.f("uq_follower_section_id_address_hash")
        ),
    )
    op.create_index("ix_follower_waiting", "follower", ["state", "link_ends_at"])
    op.create_index("ix_follower_ending", "follower", ["ends_on"])
    op.create_table(
        "follow",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("state", _kind("followstate", "following", "done", "not_this"), nullable=False),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["follower.id"],
            name=op.f("fk_follow_follower_id_follower"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_follow_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow")),
        sa.UniqueConstraint(
            "follower_id", "campaign_id", name=op.f("uq_follow_follower_id_campaign_id")
        ),
    )
    op.create_index("ix_follow_campaign", "follow", ["campaign_id", "state"])


def _what_they_are_told() -> None:
    op.create_table(
        "news",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", _kind("newskind", "opened", "extended", "changed", "outcome"), nullable=False
        ),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_news_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
        sa.UniqueConstraint(
            "campaign_id", "kind", "occasion", name=op.f("uq_news_campaign_id_kind_occasion")
        ),
    )
    op.create_index("ix_news_untold", "news", ["is_told", "at"])
    op.create_table(
        "follower_nudge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("hours_before", sa.Integer(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["follower.id"],
            name=op.f("fk_follower_nudge_follower_id_follower"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_follower_nudge_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follower_nudge")),
        sa.UniqueConstraint(
            "follower_id",
            "campaign_id",
            "hours_before",
            "closes_at",
            name=op.f("uq_follower_nudge_step"),
        ),
    )
