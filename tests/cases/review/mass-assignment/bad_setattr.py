from flask import Flask, request

app = Flask(__name__)


@app.route("/me", methods=["PATCH"])
def change():
    user = find_me()
    for key, value in request.json.items():
        setattr(user, key, value)
    return show(user)
