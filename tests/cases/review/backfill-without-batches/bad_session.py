import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session, declarative_base

revision = "b5"
down_revision = "b4"


class Order(declarative_base()):
    __tablename__ = "orders"
    id = sa.Column(sa.Integer, primary_key=True)


def upgrade():
    session = Session(bind=op.get_bind())
    session.query(Order).delete()
    session.commit()


def downgrade():
    op.execute("SELECT 1")
