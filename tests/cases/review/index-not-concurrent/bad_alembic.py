revision = "b2"
down_revision = "a1"
from alembic import op


def upgrade():
    op.create_index("orders_status", "orders", ["status"])


def downgrade():
    op.drop_index("orders_status")
