from flask import Flask, jsonify

app = Flask(__name__)


@app.route("/count")
def count():
    try:
        return jsonify(number())
    except Exception:
        return jsonify(error="failed"), 500
