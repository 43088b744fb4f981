"""The tables of drawings and labels, as `digit_core.storage.migrations` creates them."""

import sqlalchemy as sa

METADATA = sa.MetaData()

# `model_input`: 784 bytes, rows from the top, ink is 255. `strokes`: JSON, compressed. `ink`: PNG.
# `probabilities`: ten little-endian float32. `created`: Unix seconds.
DRAWINGS = sa.Table(
    "drawings",
    METADATA,
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
    sa.Index("drawings_by_owner", "owner", "created"),
)
# Rows are only added: a person's last one for a drawing counts. `label` 0 to 9, 10 for "not a digit", NULL for a
# label taken back. `id` is chosen by the client, so that storing a label again after a lost answer changes nothing.
LABELS = sa.Table(
    "labels",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(32), nullable=False, unique=True),
    sa.Column("drawing", sa.String(32), sa.ForeignKey("drawings.id", ondelete="CASCADE"), nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("label", sa.SmallInteger),
    sa.Column("created", sa.Double, nullable=False),
    sa.Index("labels_by_drawing", "drawing", "owner"),
    sa.Index("labels_by_owner", "owner"),
)
