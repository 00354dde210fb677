import sqlalchemy as sa
from alembic import op

revision = "b3"
down_revision = "b2"

orders = sa.table("orders", sa.column("status"))


def upgrade():
    op.execute(orders.update().values(status="new"))


def downgrade():
    op.execute("SELECT 1")
