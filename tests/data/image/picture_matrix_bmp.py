"""The BMPs of picture_matrix.py."""

import itertools

import picture_files as files
import numpy
from PIL import Image

import picture_matrix as matrix
from picture_matrix import HEIGHT, WIDTH, drawing, grey, over_white

# Red, green, blue, alpha; what Pillow reads of them.
MASKS_32 = {"bgrx": (0xFF0000, 0xFF00, 0xFF, 0), "xbgr": (0xFF000000, 0xFF0000, 0xFF00, 0),
            "bgxr": (0xFF000000, 0xFF00, 0xFF, 0), "abgr": (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
            "rgba": (0xFF, 0xFF00, 0xFF0000, 0xFF000000), "bgra": (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
            "bgar": (0xFF000000, 0xFF00, 0xFF, 0xFF0000)}
MASKS_BY_US = {"rgbx": (32, (0xFF, 0xFF00, 0xFF0000, 0)), "10bits": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0)),
               "10bitsa": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)), "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
               "444": (16, (0xF00, 0xF0, 0xF, 0)), "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
               "565bgr": (16, (0x1F, 0x7E0, 0xF800, 0)), "332": (16, (0xE0, 0x1C, 3, 0)),
               "24rgb": (24, (0xFF, 0xFF00, 0xFF0000, 0))}
MASKS_16 = {"565": (0xF800, 0x7E0, 0x1F), "555": (0x7C00, 0x3E0, 0x1F)}


def width_of(mask):
    return bin(mask).count("1")


def shift_of(mask):
    return (mask & -mask).bit_length() - 1


def masked(rgba, masks):
    """The pixels' numbers, and the 8-bit channels that come back."""
    numbers, channels = numpy.zeros(rgba.shape[:2], numpy.uint64), []
    for c, mask in enumerate(masks):
        if mask == 0:
            channels.append(numpy.full(rgba.shape[:2], 255, numpy.uint8))
            continue
        highest = (1 << width_of(mask)) - 1
        values = numpy.round(rgba[..., c].astype(float) * highest / 255).astype(numpy.uint64)
        numbers |= values << numpy.uint64(shift_of(mask))
        channels.append((values.astype(float) * 255 / highest).astype(numpy.uint8))
    return numbers, over_white(numpy.stack(channels[:3], axis=-1), channels[3])


def direct_rows(numbers, bits, top_down=False):
    size = bits // 8
    rows = [b"".join(int(number).to_bytes(4, "little")[:size] for number in row) for row in numbers]
    return b"".join(files.padded(row) for row in (rows if top_down else reversed(rows)))


def indexed_rows(indices, bits):
    return b"".join(files.padded(files.packed(row, bits)) for row in reversed(indices))


def direct_cases(cases):
    rgba = drawing(4, 8).astype(numpy.uint8)
    for (name, masks), header, top_down in itertools.product(MASKS_32.items(), (40, 56, 108, 124), (False, True)):
        told = masks if header > 40 else masks[:3]
        numbers, truth = masked(rgba, (*told, 0)[:4])
        # A header without room for it declares no alpha.
        readable = header > 40 or (*told, 0) in MASKS_32.values()
        cases.read(f"bmp32_{name}_{header}_{top_down:d}.bmp",
                   files.bmp(direct_rows(numbers, 32, top_down), WIDTH, HEIGHT, 32, header, 3, told, top_down=top_down),
                   truth, pillow=readable)
    for name, masks in MASKS_16.items():
        numbers, truth = masked(rgba, (*masks, 0))
        for header in (40, 52, 108):
            cases.read(f"bmp16_{name}_{header}.bmp",
                       files.bmp(direct_rows(numbers, 16), WIDTH, HEIGHT, 16, header, 3, masks), truth)
    for name, (bits, masks) in MASKS_BY_US.items():
        numbers, truth = masked(rgba, masks)
        cases.read(f"bmp_{name}.bmp",
                   files.bmp(direct_rows(numbers, bits), WIDTH, HEIGHT, bits, 108, 3, masks), truth, pillow=False)
    numbers, truth = masked(rgba, MASKS_BY_US["4444"][1])
    cases.read("bmp16_alpha_masks.bmp", files.bmp(direct_rows(numbers, 16), WIDTH, HEIGHT, 16, 40, 6,
                                                  MASKS_BY_US["4444"][1]), truth, pillow=False)
    for bits, masks in ((16, (0x7C00, 0x3E0, 0x1F, 0)), (24, MASKS_32["bgrx"]), (32, MASKS_32["bgrx"])):
        numbers, truth = masked(rgba, masks)
        if bits == 32:
            numbers |= numpy.uint64(0x55000000)  # is padding, not alpha
        for header in (12, 40, 64, 108, 124):
            if header == 12 and bits != 24:
                continue
            cases.read(f"bmp_{bits}_{header}.bmp",
                       files.bmp(direct_rows(numbers, bits), WIDTH, HEIGHT, bits, header), truth)
    cases.refused("bmp_masks_gap.bmp", files.bmp(direct_rows(numbers, 32), WIDTH, HEIGHT, 32, 40, 3,
                                                 (0xF0F000, 0xF00, 0xFF)), "masks")
    cases.refused("bmp_masks_none.bmp", files.bmp(direct_rows(numbers, 32), WIDTH, HEIGHT, 32, 40, 3,
                                                  (0xFF0000, 0xFF00, 0)), "masks")


def indexed_cases(cases):
    palette = numpy.random.default_rng(1).integers(0, 256, (256, 3)).astype(numpy.uint8)
    for bits, header in itertools.product((1, 2, 4, 8), (12, 40, 64, 124)):
        indices = drawing(1, bits)[..., 0]
        padding = b"" if header == 12 else b"\0"
        colours = b"".join(bytes(colour[::-1]) + padding for colour in palette[:1 << bits])
        cases.read(f"bmp_index{bits}_{header}.bmp",
                   files.bmp(indexed_rows(indices, bits), WIDTH, HEIGHT, bits, header, palette=colours),
                   palette[indices], pillow=bits != 2)
        if header == 40:
            cases.read(f"bmp_index{bits}_at_palette.bmp",
                       files.bmp(indexed_rows(indices, bits), WIDTH, HEIGHT, bits, header, palette=colours,
                                 pixels_at=54), palette[indices], pillow=bits != 2)
    few = drawing(1, 3)[..., 0]
    colours = b"".join(bytes(colour[::-1]) + b"\0" for colour in palette[:8])
    cases.read("bmp_few_colours.bmp", files.bmp(indexed_rows(few, 8), WIDTH, HEIGHT, 8, palette=colours, num_colours=8),
               palette[few])
    cases.read("bmp_too_few_colours.bmp",
               files.bmp(indexed_rows(few, 8), WIDTH, HEIGHT, 8, palette=colours[:12], num_colours=3))


def run_lengths(indices, bits, absolute):
    out = b""
    for row in reversed(indices):
        if absolute:
            data = files.packed(row, bits) if bits == 4 else bytes(row.astype(numpy.uint8))
            out += bytes([0, len(row)]) + files.padded(data, 2)
        else:
            for index in row:
                out += bytes([1, int(index) << 4 if bits == 4 else int(index)])
        out += b"\0\0"
    return out + b"\0\1"


def run_length_cases(cases):
    palette = numpy.random.default_rng(1).integers(0, 256, (256, 3)).astype(numpy.uint8)
    for bits, compression in ((8, 1), (4, 2)):
        indices = drawing(1, bits)[..., 0]
        colours = b"".join(bytes(colour[::-1]) + b"\0" for colour in palette[:1 << bits])

        def bmp(rows):
            return files.bmp(rows, WIDTH, HEIGHT, bits, compression=compression, palette=colours)

        for absolute in (False, True):
            data = run_lengths(indices, bits, absolute)
            cases.read(f"bmp_rle{bits}_{absolute:d}.bmp", bmp(data), palette[indices])
            cases.read(f"bmp_rle{bits}_{absolute:d}_no_end.bmp", bmp(data[:-2]), palette[indices])
            for share in (.2, .5, .8):
                cases.refused(f"bmp_rle{bits}_{absolute:d}_cut{share}.bmp", bmp(data[:int(len(data) * share)]), "BMP")
            lines = data.find(b"\0\0")
            cases.refused(f"bmp_rle{bits}_{absolute:d}_closed.bmp", bmp(data[:lines + 2] + b"\0\1"), "BMP")
        stepped = numpy.zeros_like(indices)
        stepped[-1], stepped[-2] = 1, 1
        stepped[-2, :5] = 0
        value = 0x11 if bits == 4 else 1
        rest = bytes([0, 2, WIDTH, HEIGHT - 3]) + b"\0\0\0\1"
        row = bytes([WIDTH, value, 0, 0, 0, 2, 5, 0, WIDTH - 5, value, 0, 0])
        cases.read(f"bmp_rle{bits}_steps.bmp", bmp(row + rest), palette[stepped], pillow=False)
        cases.refused(f"bmp_rle{bits}_long.bmp", bmp(bytes([WIDTH + 1, value]) + b"\0\0" * HEIGHT), "a damaged BMP")


def write(cases):
    direct_cases(cases)
    indexed_cases(cases)
    run_length_cases(cases)
    rgb = drawing(3, 8).astype(numpy.uint8)
    whole = files.saved(Image.fromarray(rgb), "BMP")
    cases.read("bmp_pillow.bmp", whole, rgb)
    for share in (.005, .02, .3, .6, .9, .999):
        cases.refused(f"bmp_cut{share}.bmp", whole[:int(len(whole) * share)], "BMP" if share > .01 else "")
    inside = files.saved(Image.fromarray(rgb), "PNG")
    cases.refused("bmp_png.bmp", files.bmp(inside, WIDTH, HEIGHT, 0, 40, 5), "a BMP with a PNG inside")
    cases.refused("bmp_jpeg.bmp", files.bmp(inside, WIDTH, HEIGHT, 0, 124, 4), "a BMP with a JPEG inside")
    cases.refused("bmp_text.bmp", b"BMW is a maker of cars, and this is a text that begins so.\n", "not a picture")
    cases.refused("bmp_huffman.bmp", files.bmp(bytes(400), WIDTH, HEIGHT, 1, 64, 3), "compression 3")
    cases.refused("bmp_6bits.bmp", files.bmp(bytes(4000), WIDTH, HEIGHT, 6, 40), "a BMP of 6 bits")
    cases.refused("bmp_header16.bmp", b"BM" + bytes(8) + b"\x36\0\0\0\x10\0\0\0" + bytes(200), "a header of 16 bytes")
