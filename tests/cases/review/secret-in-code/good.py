import os

SECRET_KEY = os.environ["SECRET_KEY"]
PASSWORD = os.environ.get("PASSWORD")
TOKEN_URL = "/token"
PASSWORD_FIELD = "password"
reset_password = "reset_password"
API_KEY = "<your key>"
engine = connect(password=SECRET_KEY)
DATABASE_URL = "postgresql://app:app@localhost/app"
