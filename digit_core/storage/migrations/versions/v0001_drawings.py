"""Drawings, and the labels that people gave them."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "drawings",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("model_input", sa.LargeBinary, nullable=False),
        sa.Column("strokes", sa.LargeBinary),
        sa.Column("ink", sa.LargeBinary),
        sa.Column("run", sa.String(100), nullable=False),
        sa.Column("predicted", sa.SmallInteger, nullable=False),
        sa.Column("probabilities", sa.LargeBinary, nullable=False),
        sa.Column("digit_likeness", sa.Double, nullable=False),
        sa.Column("is_digit", sa.Boolean, nullable=False),
    )
    op.create_index("drawings_by_owner", "drawings", ["owner", "created"])
    op.create_table(
        "labels",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("drawing", sa.String(32), sa.ForeignKey("drawings.id", ondelete="CASCADE"), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("label", sa.SmallInteger),
        sa.Column("created", sa.Double, nullable=False),
    )
    op.create_index("labels_by_drawing", "labels", ["drawing", "owner"])
    op.create_index("labels_by_owner", "labels", ["owner"])


def downgrade() -> None:
    """Drop both tables, with what is in them."""
    op.drop_table("labels")
    op.drop_table("drawings")
