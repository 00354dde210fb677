"""rename_in_batch"""
import sqlalchemy as sa
from alembic import op

revision = "rename_in_batch"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    with op.batch_alter_table("loans") as batch_op:
        batch_op.alter_column("due", new_column_name="due_at")


def downgrade() -> None:
    op.execute("SELECT 1")
