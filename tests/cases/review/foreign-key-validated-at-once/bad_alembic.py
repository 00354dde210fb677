from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.create_foreign_key("f", "orders", "customers", ["customer_id"], ["id"])


def downgrade():
    op.drop_constraint("f", "orders")
