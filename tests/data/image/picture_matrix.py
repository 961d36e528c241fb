"""Writes pictures of every mode, depth, compression, orientation and damage, and what they show.

    picture_matrix.py FOLDER

`FOLDER/cases.tsv` has a line for each: file, "read" or "refused", then the file of the expected pixels
(R, G, B), their height and width, and the tolerance; or a part of the sentence that refuses it. Expected is
what Pillow shows, turned by EXIF and laid over white, unless the case says that Pillow does not read it.
"""

import itertools
import pathlib
import sys

import picture_files as files
import numpy
from PIL import Image, ImageOps

HEIGHT, WIDTH = 13, 19


class Cases:
    def __init__(self, folder):
        self.folder, self.lines = folder, []

    def _write(self, name, data):
        assert not (self.folder / name).exists(), name
        (self.folder / name).write_bytes(data)

    def read(self, name, data, truth=None, pillow=True, tolerance=1):
        """`truth` is what the generator drew; where it knows and Pillow reads, the two must agree."""
        self._write(name, data)
        shown = truth
        if pillow:
            shown = pillow_shows(self.folder / name)
            if truth is not None:
                apart = numpy.abs(shown.astype(int) - truth.astype(int)).max()
                assert apart <= 2, f"{name}: Pillow is {apart} from what was drawn"
        (self.folder / (name + ".rgb")).write_bytes(shown.astype(numpy.uint8).tobytes())
        self.lines.append(f"{name}\tread\t{name}.rgb\t{shown.shape[0]}\t{shown.shape[1]}\t{tolerance}")

    def refused(self, name, data, sentence):
        self._write(name, data)
        self.lines.append(f"{name}\trefused\t{sentence}")


def pillow_shows(path):
    image = ImageOps.exif_transpose(Image.open(path))
    image.load()
    if image.mode.startswith("I;16"):  # which convert() would clip at 255
        image = Image.fromarray(to_8_bits(numpy.asarray(image).astype(numpy.uint16), 16))
    rgba = image.convert("RGBA")
    return numpy.asarray(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB"))


def to_8_bits(samples, bits):
    return numpy.round(samples.astype(float) * 255 / ((1 << bits) - 1)).astype(numpy.uint8)


def drawing(channels, bits, seed=0):
    """A smooth picture with some noise, so that lossy formats stay near and order shows."""
    rng = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [x / (WIDTH - 1), y / (HEIGHT - 1), (x + y) / (HEIGHT + WIDTH - 2), 1 - x / (WIDTH - 1),
              (y % 3) / 2]
    picture = numpy.stack([planes[c % 5] for c in range(channels)], axis=-1)
    highest = (1 << bits) - 1
    noise = rng.integers(0, 1 + highest // 16, picture.shape)
    return numpy.clip(numpy.round(picture * highest) - noise, 0, highest).astype(numpy.uint32)


def over_white(rgb, alpha, premultiplied=False):
    rgb, alpha = rgb.astype(float), alpha.astype(float)[..., None]
    shown = rgb + 255 - alpha if premultiplied else rgb * alpha / 255 + 255 - alpha
    return numpy.clip(numpy.round(shown), 0, 255).astype(numpy.uint8)


def grey(samples):
    return numpy.repeat(samples[..., :1], 3, axis=-1)


def turned(rgb, orientation):
    image = Image.fromarray(rgb)
    transpose = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    return numpy.asarray(image if transpose is None else image.transpose(transpose))


def zeros_from(data, share):
    at = int(len(data) * share)
    return data[:at] + bytes(len(data) - at)


# PNG

PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def png_truth(kind, depth, samples, palette, transparent):
    if kind == 3:
        rgb = palette[samples[..., 0]]
        alpha = numpy.full(256, 255)
        if transparent:
            alpha[:len(transparent)] = list(transparent)
        return over_white(rgb, alpha[samples[..., 0]])
    eight = to_8_bits(samples, depth)
    rgb = eight[..., :3] if kind in (2, 6) else grey(eight)
    alpha = eight[..., -1] if kind in (4, 6) else numpy.full(eight.shape[:2], 255)
    if transparent is not None:
        alpha = numpy.where((samples == numpy.array(transparent)).all(axis=-1), 0, 255)
    return over_white(rgb, alpha)


def png_cases(cases):
    palette = numpy.random.default_rng(1).integers(0, 256, (256, 3))
    for kind, depths in PNG_DEPTHS.items():
        for depth, interlaced, with_trns in itertools.product(depths, (False, True), (False, True)):
            if with_trns and kind in (4, 6):
                continue
            samples = drawing(PNG_CHANNELS[kind], depth, seed=kind)
            transparent = None
            if with_trns:
                transparent = bytes([0, 128, 255, 7][:1 << depth]) if kind == 3 else tuple(samples[2, 3])
            data = files.png(samples, kind, depth, palette[:1 << depth], transparent, interlaced)
            truth = png_truth(kind, depth, samples, palette, transparent)
            # Pillow compares the transparent colour of 16 bits by its upper byte.
            cases.read(f"png_{kind}_{depth}_{'adam7' if interlaced else 'rows'}{'_trns' if with_trns else ''}.png",
                       data, truth, pillow=not (with_trns and depth == 16) and not (with_trns and kind == 0 and depth in (2, 4)),
                       tolerance=2 if depth == 16 else 1)  # Pillow takes the upper byte, and then blends
    png_orientations(cases)
    png_damages(cases)


def png_orientations(cases):
    samples = drawing(3, 8)
    truth = samples.astype(numpy.uint8)
    for orientation in range(1, 9):
        exif = files.exif(orientation)
        cases.read(f"png_exif{orientation}.png", files.png(samples, 2, 8, chunks=[(b"eXIf", exif)]),
                   turned(truth, orientation))
        for name, chunk in {
                "prefix": (b"eXIf", b"Exif\0\0" + exif),
                "long": (b"eXIf", files.exif(orientation, type=4)),
                "big": (b"eXIf", files.exif(orientation, order=">")),
                "raw": (b"zTXt", files.raw_profile(exif)),
                "rawtext": (b"tEXt", files.raw_profile(exif, compressed=False)),
                "xmp": (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + files.xmp(orientation)),
        }.items():
            cases.read(f"png_{name}{orientation}.png", files.png(samples, 2, 8, chunks=[chunk]),
                       turned(truth, orientation))
        cases.read(f"png_late{orientation}.png", files.png(samples, 2, 8, late=[(b"eXIf", exif)]),
                   turned(truth, orientation))
    cases.read("png_exif_byte.png", files.png(samples, 2, 8, chunks=[(b"eXIf", files.exif(6, type=1))]), truth)
    cases.read("png_exif9.png", files.png(samples, 2, 8, chunks=[(b"eXIf", files.exif(9))]), truth)


def png_damages(cases):
    samples = drawing(3, 8)
    whole = files.png(samples, 2, 8)
    for name, chunk in {"gamma": (b"gAMA", b"\0\0\x27\x10"), "profile": (b"iCCP", b"x\0\0abc"),
                        "private": (b"prVt", b"abc"), "background": (b"bKGD", b"\0\1\0\2\0\3"),
                        "badtext": (b"zTXt", b"x\0\0abc")}.items():
        cases.read(f"png_{name}.png", files.png(samples, 2, 8, chunks=[chunk]), samples.astype(numpy.uint8),
                   pillow=name not in ("profile", "badtext"))
    cases.read("png_trailing.png", whole + b"more", samples.astype(numpy.uint8))
    cases.read("png_more_rows.png", files.png(numpy.concatenate([samples, samples]), 2, 8, height=HEIGHT),
               samples.astype(numpy.uint8))
    for share in (.1, .3, .5, .7, .9, .99):
        cases.refused(f"png_cut{share}.png", whole[:int(len(whole) * share)], "a truncated PNG")
        if share < .99:
            cases.refused(f"png_zeros{share}.png", zeros_from(whole, share), "PNG")
            cases.refused(f"png_flip{share}.png", files.flipped(whole, share), "PNG")
    cases.refused("png_no_end.png", whole[:-12], "a truncated PNG")
    cases.refused("png_adler.png", files.png(samples, 2, 8, damage="adler"), "a damaged PNG")
    cases.refused("png_deflate.png", files.png(samples, 2, 8, damage="deflate"), "a damaged PNG")
    cases.refused("png_few_rows.png", files.png(samples, 2, 8, height=HEIGHT + 4), "a damaged PNG")
    cases.refused("png_cgbi.png", files.png(samples, 2, 8, first=[(b"CgBI", b"\x50\0\x20\2")]), "iPhone")
    cases.refused("png_critical.png", files.png(samples, 2, 8, chunks=[(b"ABCD", b"x")]), "a damaged PNG")
    cases.read("png_index.png", files.png(drawing(1, 8), 3, 8, numpy.full((3, 3), 200)))


# JPEG

def jpeg_cases(cases):
    rgb = Image.fromarray(drawing(3, 8).astype(numpy.uint8)).resize((64, 48))
    for mode, quality, progressive, subsampling, restart in itertools.product(
            ("L", "RGB", "CMYK"), (30, 95), (False, True), (0, 1, 2), (0, 2)):
        data = files.saved(rgb.convert(mode), "JPEG", quality=quality, progressive=progressive,
                           subsampling=subsampling, restart_marker_blocks=restart)
        # Versions of libjpeg-turbo differ by a few levels where chroma is enlarged.
        cases.read(f"jpg_{mode}_{quality}_{progressive:d}_{subsampling}_{restart}.jpg", data, tolerance=6)
    cases.read("jpg_rgb.jpg", files.saved(rgb, "JPEG", keep_rgb=True), tolerance=4)
    plain = files.saved(rgb, "JPEG", quality=90)
    for orientation in range(1, 9):
        for name, segment in {
                "exif": b"Exif\0\0" + files.exif(orientation),
                "big": b"Exif\0\0" + files.exif(orientation, order=">"),
                "long": b"Exif\0\0" + files.exif(orientation, type=4),
                "twice": b"Exif\0\0Exif\0\0" + files.exif(orientation),
                "xmp": b"http://ns.adobe.com/xap/1.0/\0" + files.xmp(orientation),
                "xmpelement": b"http://ns.adobe.com/xap/1.0/\0" + files.xmp(orientation, element=True),
        }.items():
            cases.read(f"jpg_{name}{orientation}.jpg", files.with_app1(plain, segment), tolerance=6)
    both = files.with_app1(files.with_app1(plain, b"http://ns.adobe.com/xap/1.0/\0" + files.xmp(3)),
                           b"Exif\0\0" + files.exif(6))
    cases.read("jpg_exif_and_xmp.jpg", both, tolerance=6)
    cases.read("jpg_trailing.jpg", plain + b"more" * 50, tolerance=6)
    cases.read("jpg_extra.jpg", plain[:2] + b"\0\1\2" + plain[2:], tolerance=6, pillow=False,
               truth=numpy.asarray(Image.open(files.stream(plain))))
    jpeg_damages(cases, rgb)


def jpeg_damages(cases, rgb):
    end = b"\xff\xd9"
    for progressive, restart in itertools.product((False, True), (0, 2)):
        whole = files.saved(rgb, "JPEG", quality=90, progressive=progressive, restart_marker_blocks=restart)
        name = f"jpg_{progressive:d}_{restart}"
        for share in (.3, .5, .7, .9):
            at = int(len(whole) * share)
            if whole[at - 1] == 0xFF:
                at -= 1
            cases.refused(f"{name}_cut{share}.jpg", whole[:at], "a truncated JPEG")
            cases.refused(f"{name}_closed{share}.jpg", whole[:at] + end, "JPEG")
            if share >= .5:
                cases.refused(f"{name}_zeros{share}.jpg", zeros_from(whole, share), "JPEG")
                cases.refused(f"{name}_zeros_closed{share}.jpg", zeros_from(whole, share)[:-2] + end, "JPEG")
        cases.refused(f"{name}_open.jpg", whole[:-2], "a truncated JPEG")
    progressive = files.saved(rgb, "JPEG", progressive=True)
    scans = files.positions(progressive, b"\xff\xda")
    for i in range(1, len(scans)):  # between two scans, where no bit is missing
        tables = progressive.rfind(b"\xff\xc4", scans[i - 1], scans[i])
        at = tables if tables > 0 else scans[i]
        cases.refused(f"jpg_scans{i}.jpg", progressive[:at] + end, "a damaged JPEG")
    plain = files.saved(rgb, "JPEG")
    frame = plain.index(b"\xff\xc0")
    cases.refused("jpg_12_bits.jpg", plain[:frame + 4] + b"\x0c" + plain[frame + 5:], "a JPEG of more than 8 bits")
    cases.refused("jpg_lossless.jpg", plain[:frame + 1] + b"\xc3" + plain[frame + 2:], "a lossless")
    cases.refused("jpg_no_height.jpg", plain[:frame + 5] + b"\0\0" + plain[frame + 7:], "gives its height")


# WebP

def webp_cases(cases):
    noisy = Image.fromarray(numpy.random.default_rng(2).integers(0, 256, (48, 64, 3), dtype=numpy.uint8))
    smooth = Image.fromarray(drawing(4, 8).astype(numpy.uint8)).resize((64, 48))
    flat = Image.new("RGB", (64, 48), (10, 200, 30))
    for (name, image), lossless, quality, method in itertools.product(
            {"noisy": noisy, "smooth": smooth.convert("RGB"), "alpha": smooth, "flat": flat}.items(),
            (False, True), (10, 90), (0, 4, 6)):
        data = files.saved(image, "WEBP", lossless=lossless, quality=quality, method=method)
        case = f"webp_{name}_{lossless:d}_{quality}_{method}"
        cases.read(f"{case}.webp", data, tolerance=2)
        if method == 4:
            for share in (.3, .6, .9):
                cases.refused(f"{case}_cut{share}.webp", data[:int(len(data) * share)], "WebP")
            if name == "noisy":
                cases.refused(f"{case}_zeros.webp", zeros_from(data, .5), "WebP")
                cases.refused(f"{case}_ones.webp", data[:len(data) // 2] + b"\xff" * (len(data) - len(data) // 2), "WebP")
    for orientation in range(1, 9):
        exif = files.exif(orientation)
        for name, options in {"exif": {"exif": exif}, "prefix": {"exif": b"Exif\0\0" + exif},
                              "xmp": {"xmp": files.xmp(orientation)}}.items():
            cases.read(f"webp_{name}{orientation}.webp",
                       files.saved(smooth, "WEBP", lossless=True, exact=True, **options))
    animated = files.saved(flat, "WEBP", save_all=True, append_images=[noisy])
    cases.refused("webp_animated.webp", animated, "an animated WebP")


def main():
    import picture_matrix_bmp
    import picture_matrix_tiff
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cases = Cases(folder)
    for write in (png_cases, jpeg_cases, webp_cases, picture_matrix_bmp.write, picture_matrix_tiff.write):
        write(cases)
    (folder / "cases.tsv").write_text("\n".join(cases.lines) + "\n")
    print(f"{len(cases.lines)} pictures")


if __name__ == "__main__":
    main()
