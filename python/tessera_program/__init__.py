"""The command `tessera` of a Python environment: the program that lies in the package, started without importing torch."""

import importlib.util
import os
import sys


def main():
    package = importlib.util.find_spec("tessera").submodule_search_locations[0]
    program = os.path.join(package, "bin", "tessera")
    os.execv(program, ["tessera", *sys.argv[1:]])
