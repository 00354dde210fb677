import subprocess


def convert(name):
    subprocess.run(["convert", name])
    subprocess.run("date", shell=True)
