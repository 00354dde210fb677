import json

import yaml


def read(text):
    return yaml.safe_load(text), yaml.load(text, Loader=yaml.SafeLoader), json.loads(text)
