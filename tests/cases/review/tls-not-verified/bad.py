import httpx


def read(url):
    return httpx.get(url, verify=False)
