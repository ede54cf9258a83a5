"""Inbound sources: changes that were told, ends that came before their beginnings, and when a signal was said."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0003"
branch_labels = None
depends_on = None

# A text of fixed width on SQLite: comparing texts compares times, and microseconds survive.
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
TEXTS = ("service", "kind", "text", "by", "key", "before", "after", "link")


def upgrade() -> None:
    """Adds two tables, a column and an index."""
    op.create_table(
        "changes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_at"), "changes", ["at"], unique=False)
    op.create_table(
        "early_ends",
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("condition", name=op.f("pk_early_ends")),
    )
    op.create_index(op.f("ix_early_ends_heard_at"), "early_ends", ["heard_at"], unique=False)
    op.add_column("signals", sa.Column("said_at", MOMENT, nullable=True))
    op.create_index(op.f("ix_signals_fingerprint"), "signals", ["fingerprint"], unique=False)


def downgrade() -> None:
    """Drops what was added."""
    op.drop_index(op.f("ix_signals_fingerprint"), table_name="signals")
    op.drop_column("signals", "said_at")
    op.drop_table("early_ends")
    op.drop_table("changes")
