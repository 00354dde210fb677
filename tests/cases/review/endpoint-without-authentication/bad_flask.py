from flask import Blueprint
from flask_login import current_user, login_required

bp = Blueprint("orders", __name__)


@bp.route("/orders", methods=["POST"])
@login_required
def create():
    return make(current_user)


@bp.route("/orders/<int:order_id>", methods=["DELETE"])
def remove(order_id):
    return drop(order_id)
