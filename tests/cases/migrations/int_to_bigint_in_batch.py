"""int_to_bigint_in_batch"""
import sqlalchemy as sa
from alembic import op

revision = "int_to_bigint_in_batch"
down_revision = "0"


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    with op.batch_alter_table("loans") as batch_op:
        batch_op.alter_column("id", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade() -> None:
    op.execute("SELECT 1")
