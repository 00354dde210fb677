import subprocess


def convert(name):
    subprocess.run(f"convert {name}", shell=True)
