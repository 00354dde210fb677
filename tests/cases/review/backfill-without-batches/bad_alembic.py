import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.execute(sa.text("UPDATE orders SET status = 'new'"))


def downgrade():
    op.execute("SELECT 1")
