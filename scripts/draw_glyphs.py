#!/usr/bin/env python3
"""Draws pictures of four small digits, one in each quarter, and their captions: an image_folder.

    scripts/draw_glyphs.py FOLDER [COUNT]      COUNT pictures of 16 x 16 pixels; default: 6000

A digit of 3 x 5 pixels stands anywhere in its quarter of 8 x 8, in a dark ink and on a light paper of its
own, so that a quarter has far more faces than names. The caption names the digits in rows, such as "3 1 4 1".
"""

import pathlib
import random
import struct
import sys
import zlib

SIZE, QUARTER, WIDTH, HEIGHT = 16, 8, 3, 5

# Rows of three bits from the top.
DIGITS = [(7, 5, 5, 5, 7), (2, 6, 2, 2, 7), (7, 1, 7, 4, 7), (7, 1, 7, 1, 7), (5, 5, 7, 1, 1),
          (7, 4, 7, 1, 7), (7, 4, 7, 5, 7), (7, 1, 1, 1, 1), (7, 5, 7, 5, 7), (7, 5, 7, 1, 7)]


def draw(rng):
    rows = [[None] * SIZE for _ in range(SIZE)]
    digits = [rng.randrange(10) for _ in range(4)]
    for quarter, digit in enumerate(digits):
        ink, paper = ([rng.randrange(least, least + 96) for _ in range(3)] for least in (0, 160))
        top, left = QUARTER * (quarter // 2), QUARTER * (quarter % 2)
        down, right = rng.randrange(QUARTER - HEIGHT + 1), rng.randrange(QUARTER - WIDTH + 1)
        for y in range(QUARTER):
            for x in range(QUARTER):
                row, bit = y - down, x - right
                inside = 0 <= row < HEIGHT and 0 <= bit < WIDTH
                inked = inside and DIGITS[digit][row] >> (WIDTH - 1 - bit) & 1
                rows[top + y][left + x] = ink if inked else paper
    return rows, " ".join(map(str, digits))


def png(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) +
            chunk(b"IEND", b""))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    captions = []
    for i in range(int(sys.argv[2]) if len(sys.argv) == 3 else 6000):
        rows, caption = draw(rng)
        name = f"{i:05}.png"
        (folder / name).write_bytes(png(rows))
        captions.append(f"{name},{caption}\n")
    (folder / "metadata.csv").write_text("file_name,text\n" + "".join(captions))


main()
