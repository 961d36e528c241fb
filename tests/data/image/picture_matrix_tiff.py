"""The TIFFs of picture_matrix.py."""

import io
import itertools
import zlib

import picture_files as files
import numpy
from PIL import Image, TiffImagePlugin

import picture_matrix as matrix
from picture_matrix import HEIGHT, WIDTH, drawing, grey, over_white, to_8_bits, turned

WHITE, BLACK, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
COLOURS = {WHITE: 1, BLACK: 1, RGB: 3, PALETTE: 1, CMYK: 4}
COLORMAP = numpy.random.default_rng(3).integers(0, 256, (3, 256))


def encode(data, compression):
    return {1: lambda: data, 8: lambda: zlib.compress(data), 32946: lambda: zlib.compress(data),
            32773: lambda: files.packbits(data)}[compression]()


def tiff(samples, photometric, bits, extras=None, planar=1, order="<", compression=1, tile=None, big=False,
         rows_per_strip=5, fill_order=1, orientation=None, orientation_type="H", predictor=1, **tags):
    height, width, channels = samples.shape
    out = files.Tiff(order, big)
    out.set(256, "H", width).set(257, "H", height).set(258, "H", *[bits] * channels).set(259, "H", compression)
    out.set(262, "H", photometric).set(277, "H", channels).set(284, "H", planar)
    if extras is not None:
        out.set(338, "H", *extras)
    if orientation:
        out.set(274, orientation_type, orientation)
    if fill_order == 2:
        out.set(266, "H", 2)
    if predictor == 2:
        out.set(317, "H", 2)
    if photometric == PALETTE:
        out.set(320, "H", *(COLORMAP[:, :1 << bits] * 257).reshape(-1))
    for tag, (type, *values) in tags.items():
        out.set(int(tag[1:]), type, *values)
    step_y, step_x = tile or (rows_per_strip, width)
    if tile:
        out.set(322, "H", step_x).set(323, "H", step_y)
    else:
        out.set(278, "H", rows_per_strip)
    planes = [samples[..., c:c + 1] for c in range(channels)] if planar == 2 else [samples]
    blocks = []
    for plane in planes:
        if tile:
            plane = numpy.pad(plane, ((0, -height % step_y), (0, -width % step_x), (0, 0)))
        if predictor == 2:
            differences = plane.astype(numpy.int64)
            for x in range(0, plane.shape[1], step_x):
                part = plane[:, x:x + step_x].astype(numpy.int64)
                differences[:, x + 1:x + step_x] = part[:, 1:] - part[:, :-1]
            plane = (differences % (1 << bits)).astype(numpy.uint32)
        for y, x in itertools.product(range(0, plane.shape[0], step_y), range(0, plane.shape[1], step_x)):
            rows = plane[y:y + step_y, x:x + step_x]
            data = b"".join(files.packed(row.reshape(-1), bits, order) for row in rows)
            data = encode(data, compression)
            blocks.append(files.reversed_bits(data) if fill_order == 2 else data)
    return out.bytes(blocks, tiled=bool(tile))


def truth_of(samples, photometric, bits, extras=()):
    if photometric == PALETTE:
        rgb = COLORMAP.T[samples[..., 0]].astype(numpy.uint8)
    else:
        eight = to_8_bits(samples, bits)
        if photometric == WHITE:
            rgb = 255 - grey(eight)
        elif photometric == BLACK:
            rgb = grey(eight)
        elif photometric == RGB:
            rgb = eight[..., :3]
        else:
            light = 255. - eight[..., :4]
            rgb = numpy.round(light[..., :3] * light[..., 3:] / 255).astype(numpy.uint8)
    for i, extra in enumerate(extras):
        if extra:
            alpha = to_8_bits(samples[..., COLOURS[photometric] + i], bits)
            return over_white(rgb, alpha, premultiplied=extra == 1)
    return rgb


def premultiplied(samples, bits):
    highest, out = (1 << bits) - 1, samples.copy()
    out[..., :-1] = samples[..., :-1].astype(numpy.uint64) * samples[..., -1:] // highest
    return out


KINDS = [  # photometric, bits, meanings of more samples
    *[(WHITE, bits, ()) for bits in (1, 2, 4, 8, 16)], *[(BLACK, bits, ()) for bits in (1, 2, 4, 8, 12, 16)],
    *[(BLACK, bits, (extra,)) for bits in (8, 16) for extra in (0, 1, 2)], (BLACK, 4, (2,)), (RGB, 4, ()),
    *[(RGB, bits, extras) for bits in (8, 16) for extras in ((), (0,), (1,), (2,), (0, 0), (1, 0), (2, 0), (0, 2))],
    *[(PALETTE, bits, ()) for bits in (1, 2, 4, 8)], (PALETTE, 8, (0,)), (PALETTE, 8, (2,)),
    *[(CMYK, bits, extras) for bits in (8, 16) for extras in ((), (0,), (2,))]]
WAYS = {"strips": {}, "big": {"order": ">"}, "bigtiff": {"big": True}, "tiles": {"tile": (16, 16)},
        "planes": {"planar": 2}, "planetiles": {"planar": 2, "tile": (16, 16), "order": ">"},
        "deflate": {"compression": 8}, "packbits": {"compression": 32773},
        "deflateplanes": {"compression": 8, "planar": 2, "order": ">"},
        "deflatetiles": {"compression": 8, "tile": (16, 32)}, "filled": {"fill_order": 2},
        "predicted": {"compression": 8, "predictor": 2}}


def pillow_reads(photometric, bits, extras, way):
    """Where Pillow gives what was drawn; elsewhere it refuses or, as for planes of 16 bits, errs."""
    one = {WHITE: (1, 2, 4, 8), BLACK: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), CMYK: (8,)}
    if bits not in one[photometric] or (0, 2) == extras or (photometric, extras) == (CMYK, (2,)):
        return False
    plain = way in ("strips", "tiles", "big", "deflate", "packbits", "deflatetiles", "bigtiff")
    return plain and not (bits == 16 and (extras or photometric != RGB)) and not (extras and photometric == BLACK)


def kind_cases(cases):
    for (photometric, bits, extras), (way, options) in itertools.product(KINDS, WAYS.items()):
        samples = drawing(COLOURS[photometric] + len(extras), bits, seed=photometric)
        if 1 in extras:
            samples = premultiplied(samples, bits) if extras == (1,) else numpy.concatenate(
                [premultiplied(samples[..., :4], bits), samples[..., 4:]], axis=-1)
        if way == "filled" and bits == 16 or way == "predicted" and bits not in (8, 16):
            continue
        if way == "predicted" and photometric == PALETTE and extras:
            continue
        name = f"tif_{photometric}_{bits}_{''.join(map(str, extras)) or 'x'}_{way}.tif"
        cases.read(name, tiff(samples, photometric, bits, extras or None, **options),
                   truth_of(samples, photometric, bits, extras),
                   pillow=pillow_reads(photometric, bits, extras, way))
    samples = drawing(4, 8)
    cases.read("tif_rgba_untold.tif", tiff(samples, RGB, 8), truth_of(samples, RGB, 8, (2,)))
    cases.read("tif_one_strip.tif", tiff(samples[..., :3], RGB, 8, rows_per_strip=2**16 - 1),
               truth_of(samples[..., :3], RGB, 8))


def pillow_cases(cases):
    rgba = Image.fromarray(drawing(4, 8).astype(numpy.uint8)).resize((70, 50))
    for mode, compression in itertools.product(
            ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"),
            ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "group3", "group4", "tiff_ccitt", "jpeg", "zstd", "lzma")):
        fax = compression in ("group3", "group4", "tiff_ccitt")
        if fax != (mode == "1") and (fax or compression == "jpeg") or (compression == "jpeg" and mode in ("LA", "P", "RGBA", "YCbCr")):
            continue
        if mode == "YCbCr" and compression not in ("raw", "tiff_lzw"):
            continue
        image = rgba.convert("RGB").convert(mode) if mode in ("CMYK", "YCbCr", "P") else rgba.convert(mode)
        data = files.saved(image, "TIFF", compression=compression)
        cases.read(f"tif_pillow_{mode}_{compression}.tif", data, tolerance=6 if compression == "jpeg" else 2)
        for share in (.3, .6, .9):
            cases.refused(f"tif_pillow_{mode}_{compression}_cut{share}.tif", data[:int(len(data) * share)], "TIFF")
        if compression != "raw" and mode in ("1", "L", "RGB", "RGBA"):
            cases.refused(f"tif_pillow_{mode}_{compression}_zeros.tif", damaged(data), "TIFF")


def damaged(data):
    """Zeros from the middle of the first strip to its end."""
    image = Image.open(io.BytesIO(data))
    offset, size = image.tag_v2[273][0], image.tag_v2[279][0]
    middle = offset + size // 2
    return data[:middle] + bytes(offset + size - middle) + data[offset + size:]


def orientation_cases(cases):
    samples = drawing(3, 8)
    truth = truth_of(samples, RGB, 8)
    for orientation in range(1, 9):
        for name, options in {"short": {}, "long": {"orientation_type": "I"}, "big": {"order": ">"},
                              "bigtiff": {"big": True}, "tiles": {"tile": (16, 16)}}.items():
            cases.read(f"tif_{name}{orientation}.tif", tiff(samples, RGB, 8, orientation=orientation, **options),
                       turned(truth, orientation))
        cases.read(f"tif_xmp{orientation}.tif",
                   tiff(samples, RGB, 8, t700=("B", *files.xmp(orientation))), turned(truth, orientation))
    cases.read("tif_byte6.tif", tiff(samples, RGB, 8, orientation=6, orientation_type="B"), truth)


def refusal_cases(cases):
    one, three, four = drawing(1, 8), drawing(3, 8), drawing(4, 8)
    wide = drawing(1, 16)
    for name, data, sentence in (
            ("uint32", tiff(wide, BLACK, 32), "a TIFF of 32-bit numbers"),
            ("rgb32", tiff(three, RGB, 32), "a TIFF of 32-bit numbers"),
            ("float", tiff(wide, BLACK, 32, t339=("H", 3)), "a TIFF of floating-point pixels"),
            ("float16", tiff(wide, BLACK, 16, t339=("H", 3)), "a TIFF of floating-point pixels"),
            ("signed", tiff(wide, BLACK, 16, t339=("H", 2)), "a TIFF of signed"),
            ("palette16", tiff(wide, PALETTE, 8, t258=("H", 16)), "indices of a palette"),
            ("raw", tiff(wide, 32803, 16), "colours of kind 32803"),
            ("lab", tiff(three, 8, 8), "a TIFF of Lab colours"),
            ("inks", tiff(four, CMYK, 8, t332=("H", 2)), "inks that are not CMYK"),
            ("few", tiff(one, RGB, 8), "1 samples where its colours have 3"),
            ("depths", tiff(three, RGB, 8, t258=("H", 5, 6, 5)), "libtiff refuses"),
            ("compression", tiff(one, BLACK, 8, t259=("H", 34712)), "compression"),
            ("oldjpeg", tiff(one, BLACK, 8, t259=("H", 6)), "compression 6"),
            ("no_palette", tiff(one, BLACK, 8, t262=("H", PALETTE)), "")):
        cases.refused(f"tif_{name}.tif", data, sentence)
    for compression in (1, 8, 32773):
        whole = tiff(three, RGB, 8, compression=compression)
        for share in (.05, .3, .6, .9, .99):
            cases.refused(f"tif_{compression}_cut{share}.tif", whole[:int(len(whole) * share)], "TIFF")


def write(cases):
    TiffImagePlugin.WRITE_LIBTIFF = False
    kind_cases(cases)
    pillow_cases(cases)
    orientation_cases(cases)
    refusal_cases(cases)
