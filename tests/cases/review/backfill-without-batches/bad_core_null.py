import sqlalchemy as sa
from alembic import op

revision = "b4"
down_revision = "b3"


def upgrade():
    orders = sa.table("orders", sa.column("status"))
    statement = sa.update(orders).where(orders.c.status.is_(None)).values(status="new")
    op.get_bind().execute(statement)


def downgrade():
    op.execute("SELECT 1")
