"""mailboxes have budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = "0003"

_OWN = ('per_minute', 'per_hour', 'per_day', 'at_most')


def upgrade() -> None:
    op.create_table('mailbox_use',
    sa.Column('mailbox_id', sa.Uuid(), nullable=False),
    sa.Column('span', sa.Enum('minute', 'hour', 'day', 'ever', name='span', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.CheckConstraint('used >= 0', name=op.f('ck_mailbox_use_never_below_nothing')),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailbox.id'], name=op.f('fk_mailbox_use_mailbox_id_mailbox'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('mailbox_id', 'span', 'starts', name=op.f('pk_mailbox_use'))
    )
    op.create_index('ix_mailbox_use_starts', 'mailbox_use', ['span', 'starts'])
    with op.batch_alter_table('mailbox', schema=None) as batch_op:
        for name in _OWN:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('time_zone', sa.Text(), nullable=False, server_default='UTC'))
        batch_op.add_column(sa.Column('open_days', sa.Text(), nullable=False, server_default='1234567'))
        batch_op.add_column(sa.Column('opens', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('closes', sa.Integer(), nullable=False, server_default='1440'))
        batch_op.add_column(sa.Column('slow_steps', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('slowed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('planned_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_check_constraint(op.f('ck_mailbox_opens_and_closes'), 'opens >= 0 AND opens < closes AND closes <= 1440')
        batch_op.create_check_constraint(op.f('ck_mailbox_opens_some_day'), "open_days != ''")
    with op.batch_alter_table('dispatch', schema=None) as batch_op:
        batch_op.add_column(sa.Column('booked_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_dispatch_mailbox', 'dispatch', ['mailbox_id', 'due_at'], sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))


def downgrade() -> None:
    op.drop_index('ix_dispatch_mailbox', 'dispatch')
    with op.batch_alter_table('dispatch', schema=None) as batch_op:
        batch_op.drop_column('booked_at')
    with op.batch_alter_table('mailbox', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_mailbox_opens_some_day'), type_='check')
        batch_op.drop_constraint(op.f('ck_mailbox_opens_and_closes'), type_='check')
        for name in ('planned_until', 'slowed_at', 'slow_steps', 'closes', 'opens', 'open_days', 'time_zone', *reversed(_OWN)):
            batch_op.drop_column(name)
    op.drop_index('ix_mailbox_use_starts', 'mailbox_use')
    op.drop_table('mailbox_use')
