import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

revision = "b6"
down_revision = "b5"


def upgrade():
    plans = op.create_table("plan", sa.Column("id", sa.Integer), sa.Column("price", sa.Integer))
    op.execute(plans.update().values(price=2))
    orders = sa.table("orders", sa.column("id"))
    seen = {}
    seen.update({"orders": True})
    for low in range(0, 9000, 1000):
        op.execute(orders.update().where(orders.c.id.between(low, low + 999)).values(status="new"))
    Session(bind=op.get_bind()).query(orders).filter(orders.c.id < 9).delete()


def downgrade():
    op.drop_table("plan")
