"""the life of a campaign: its outcome, its follow-up, what its moves tell, letters that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

OUTCOME = sa.Enum(
    "freed",
    "charges_dropped",
    "improved",
    "no_change",
    "worse",
    "unknown",
    name="outcome",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def upgrade() -> None:
    with op.batch_alter_table("campaign") as table:
        table.add_column(sa.Column("opens_rule", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("follows_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("outcome", OUTCOME, nullable=True))
        table.add_column(sa.Column("outcome_on", sa.Date(), nullable=True))
        table.add_column(sa.Column("outcome_source", sa.Text(), server_default="", nullable=False))
        table.create_foreign_key(
            op.f("fk_campaign_follows_id_campaign"), "campaign", ["follows_id"], ["id"]
        )
    with op.batch_alter_table("campaign_text") as table:
        table.add_column(sa.Column("outcome", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("letter_template") as table:
        table.add_column(
            sa.Column("approved", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
    with op.batch_alter_table("move") as table:
        table.add_column(sa.Column("detail", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("move") as table:
        table.drop_column("detail")
    # What nobody has approved was never sent; before, every stored letter was.
    op.execute(sa.text("DELETE FROM letter_template WHERE NOT approved"))
    with op.batch_alter_table("letter_template") as table:
        table.drop_column("approved")
    with op.batch_alter_table("campaign_text") as table:
        table.drop_column("outcome")
    with op.batch_alter_table("campaign") as table:
        table.drop_constraint(op.f("fk_campaign_follows_id_campaign"), type_="foreignkey")
        table.drop_constraint(op.f("ck_campaign_outcome"), type_="check")
        table.drop_column("outcome_source")
        table.drop_column("outcome_on")
        table.drop_column("outcome")
        table.drop_column("follows_id")
        table.drop_column("opens_rule")
