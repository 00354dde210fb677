import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.alter_column("orders", "amount", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade():
    op.alter_column("orders", "amount", existing_type=sa.BigInteger(), type_=sa.Integer())
