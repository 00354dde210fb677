from flask import Blueprint
from flask_login import current_user, login_required

bp = Blueprint("orders", __name__)


@bp.before_request
@login_required
def everybody():
    pass


@bp.route("/orders/<int:order_id>", methods=["DELETE"])
def remove(order_id):
    return drop(order_id, current_user)
