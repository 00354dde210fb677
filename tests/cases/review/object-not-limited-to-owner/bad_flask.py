from flask import Flask
from flask_login import login_required

app = Flask(__name__)


@app.route("/invoices/<int:invoice_id>", methods=["DELETE"])
@login_required
def remove(invoice_id):
    invoice = Invoice.query.get_or_404(invoice_id)
    return drop(invoice)
