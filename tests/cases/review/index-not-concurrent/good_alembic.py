revision = "b2"
down_revision = "a1"
from alembic import op


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("orders_status", "orders", ["status"], postgresql_concurrently=True)


def downgrade():
    op.drop_index("orders_status")
