import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.alter_column("orders", "status", existing_type=sa.String(length=10), type_=sa.String(length=20))


def downgrade():
    op.alter_column("orders", "status", existing_type=sa.String(length=20), type_=sa.String(length=10))
