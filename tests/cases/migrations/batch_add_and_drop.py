"""batch_add_and_drop"""
import sqlalchemy as sa
from alembic import op

revision = "batch_add_and_drop"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    with op.batch_alter_table("members") as batch:
        batch.add_column(sa.Column("rank", sa.Integer(), nullable=False))
        batch.drop_column("nick")


def downgrade() -> None:
    op.execute("SELECT 1")
