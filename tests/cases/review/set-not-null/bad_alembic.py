import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.alter_column("orders", "status", existing_type=sa.String(), nullable=False)


def downgrade():
    op.alter_column("orders", "status", existing_type=sa.String(), nullable=True)
