import jwt


def caller(token, key):
    return jwt.decode(token, key, algorithms=["HS256"], options={"require": ["exp"]})
