from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.alter_column("orders", "name", new_column_name="title")


def downgrade():
    op.alter_column("orders", "title", new_column_name="name")
