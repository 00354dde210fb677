import hashlib


def etag(body, password):
    return hashlib.sha256(body).hexdigest(), hashlib.scrypt(password, salt=b"1", n=2, r=8, p=1)
