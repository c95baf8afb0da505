"""the writer's safety: what was agreed to, and what is not to be kept."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

PURPOSES = ("letter", "answers")
WISHES = ("keep_nothing", "answers_to_me")

MIXING = sa.Enum(
    "none",
    "drawn",
    "dealt",
    name="mixing",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signature_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                *PURPOSES,
                name="consentpurpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "withdrawn_on IS NULL OR withdrawn_on >= given_on",
            name=op.f("ck_consent_given_before_taken_back"),
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signature.id"],
            name=op.f("fk_consent_signature_id_signature"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint(
            "signature_id", "purpose", name=op.f("uq_consent_signature_id_purpose")
        ),
    )
    _keep_what_was_agreed_to()
    with op.batch_alter_table("signature") as table:
        for wish in WISHES:
            table.add_column(
                sa.Column(wish, sa.Boolean(), server_default=sa.false(), nullable=False)
            )
    with op.batch_alter_table("campaign") as table:
        table.add_column(
            sa.Column("high_risk", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        table.add_column(
            sa.Column("caution_countries", sa.JSON(), server_default="[]", nullable=False)
        )
    with op.batch_alter_table("campaign_text") as table:
        table.add_column(sa.Column("risk_note", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "country_note",
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_country_note")),
    )
    with op.batch_alter_table("section") as table:
        table.add_column(sa.Column("privacy", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("dispatch") as table:
        table.add_column(sa.Column("mixing", MIXING, server_default="none", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("dispatch") as table:
        table.drop_constraint(op.f("ck_dispatch_mixing"), type_="check")
        table.drop_column("mixing")
    with op.batch_alter_table("section") as table:
        table.drop_column("privacy")
    op.drop_table("country_note")
    with op.batch_alter_table("campaign_text") as table:
        table.drop_column("risk_note")
    with op.batch_alter_table("campaign") as table:
        table.drop_column("caution_countries")
        table.drop_column("high_risk")
    with op.batch_alter_table("signature") as table:
        for wish in reversed(WISHES):
            table.drop_column(wish)
    op.drop_table("consent")


def _keep_what_was_agreed_to() -> None:
    """Who has signed before agreed to the words beside the button; their version is known."""
    signature = sa.table(
        "signature",
        sa.column("id", sa.Uuid()),
        sa.column("consent_version", sa.Text()),
        sa.column("page_language", sa.Text()),
        sa.column("signed_on", sa.Date()),
    )
    consent = sa.table(
        "consent",
        sa.column("id", sa.Uuid()),
        sa.column("signature_id", sa.Uuid()),
        sa.column("purpose", sa.Text()),
        sa.column("version", sa.Text()),
        sa.column("language", sa.Text()),
        sa.column("given_on", sa.Date()),
    )
    connection = op.get_bind()
    signed = connection.execute(sa.select(signature)).all()
    for start in range(0, len(signed), 500):
        connection.execute(
            consent.insert(),
            [
                {
                    "id": uuid.uuid4(),
                    "signature_id": row.id,
                    "purpose": "letter",
                    "version": row.consent_version,
                    "language": row.page_language,
                    "given_on": row.signed_on,
                }
                for row in signed[start : start + 500]
            ],
        )
