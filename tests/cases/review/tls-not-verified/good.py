import httpx


def read(url):
    return httpx.get(url, verify="ca.pem")
