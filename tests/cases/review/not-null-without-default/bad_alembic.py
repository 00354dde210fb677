import sqlalchemy as sa
from alembic import op

revision: str = "b2"
down_revision: str | None = "a1"


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.add_column(sa.Column("status", sa.String(20), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_column("status")
