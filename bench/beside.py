#!/usr/bin/env python3
"""Times Tessera beside a Python peer on this machine: the same shapes, in turns, in one run.

    bench/beside.py PEER.py [--python PYTHON] [--presets S,M] [--rounds 3]

PEER.py is a script that answers `train --preset S --modes eager-bf16` and `generate --preset S
--modes eager --batch 1 --guidance 0 --head-steps 25` with one JSON line a figure. Prints the median
of each side over the rounds, and their ratio (above 1: Tessera is faster).
"""
import argparse
import json
import pathlib
import statistics
import subprocess

BENCH = pathlib.Path(__file__).resolve().parent.parent / "build/release/tessera_bench"


def figures(command):
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def ours(what, preset):
    lines = figures([str(BENCH), what, preset, "5"])
    return lines[-1]["ms_median"]  # of draw, the one with 25 head steps


def peers(python, script, what, preset):
    base = [python, script, "--threads", "2"]
    if what == "train":
        lines = figures(base + ["train", "--preset", preset, "--modes", "eager-bf16", "--steps", "5"])
        return lines[-1]["ms_median"]
    lines = figures(base + ["generate", "--preset", preset, "--modes", "eager", "--batch", "1",
                            "--guidance", "0", "--head-steps", "25", "--runs", "2"])
    return lines[-1]["ms_per_image"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer")
    parser.add_argument("--python", default="python3")
    parser.add_argument("--presets", default="S,M")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    for preset in args.presets.split(","):
        for what in ("train", "draw"):
            ms = {"ours": [], "peer": []}
            for _ in range(args.rounds):
                ms["ours"].append(ours(what, preset))
                ms["peer"].append(peers(args.python, args.peer, what, preset))
            median = {side: statistics.median(values) for side, values in ms.items()}
            print(json.dumps({"what": what, "preset": preset, "ours_ms": median["ours"], "peer_ms": median["peer"],
                              "ratio": round(median["peer"] / median["ours"], 2), "rounds": args.rounds}), flush=True)


if __name__ == "__main__":
    main()
