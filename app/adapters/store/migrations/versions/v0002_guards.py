"""Guarded actions: the audit chain, kept rules, signatures, used links and plans; more about each proposal and run."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A text of fixed width on SQLite: comparing texts compares times, and microseconds survive.
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
TABLES = ("plans", "used_links", "signatures", "policies", "audit_head", "audit_entries")
ADDED = {"proposals": ("plan", "policy", "preview", "target"), "runs": ("audit",)}


def upgrade() -> None:
    """Adds the columns and the tables."""
    for name, columns in ADDED.items():
        for column in columns:
            op.add_column(name, sa.Column(column, sa.Text(), nullable=False, server_default=""))
    proposals = sa.table("proposals", sa.column("target"), sa.column("request", sa.JSON()))
    op.execute(proposals.update().values(target=proposals.c.request["target"].as_string()))
    op.create_index(op.f("ix_proposals_target"), "proposals", ["target"], unique=False)
    create_audit()
    create_rules()
    create_plans()


def downgrade() -> None:
    """Drops what was added."""
    for name in TABLES:
        op.drop_table(name)
    op.drop_index(op.f("ix_proposals_target"), table_name="proposals")
    for name, columns in ADDED.items():
        for column in columns:
            op.drop_column(name, column)


def create_audit() -> None:
    """The chain and its head."""
    op.create_table(
        "audit_entries",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entries")),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def create_rules() -> None:
    """What the rules were, signatures and used links."""
    op.create_table(
        "policies",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "signatures",
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("policy", "person", "digest", name=op.f("pk_signatures")),
    )
    op.create_table(
        "used_links",
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_used_links")),
    )


def create_plans() -> None:
    """Plans with their steps."""
    op.create_table(
        "plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incidents.number"], name=op.f("fk_plans_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_incident"), "plans", ["incident"], unique=False)
    op.create_index(op.f("ix_plans_status"), "plans", ["status"], unique=False)
