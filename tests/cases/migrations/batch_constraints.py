"""batch_constraints"""
import sqlalchemy as sa
from alembic import op

revision = "batch_constraints"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    with op.batch_alter_table("loans", schema=None) as batch_op:
        batch_op.create_unique_constraint("loans_copy_key", ["copy_id"])
        batch_op.create_foreign_key("loans_member", "members", ["member_id"], ["id"])
        batch_op.create_check_constraint("loans_days", "days > 0")


def downgrade() -> None:
    op.execute("SELECT 1")
