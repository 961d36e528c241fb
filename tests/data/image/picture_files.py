"""Writers of PNG, BMP and TIFF for variants that no library writes, and blocks of EXIF and XMP."""

import io
import struct
import zlib

import numpy


def stream(data):
    return io.BytesIO(data)


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def positions(data, part):
    found, at = [], data.find(part)
    while at >= 0:
        found.append(at)
        at = data.find(part, at + 1)
    return found


def flipped(data, share):
    at = int(len(data) * share)
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]


def exif(orientation, type=3, order="<"):
    value = struct.pack(order + {1: "B3x", 3: "H2x", 4: "L"}[type], orientation)
    return ((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "LHHHL", 8, 1, 274, type, 1) + value +
            bytes(4))


def xmp(orientation, element=False):
    inside = f"<tiff:Orientation>{orientation}</tiff:Orientation>" if element else ""
    attribute = "" if element else f' tiff:Orientation="{orientation}"'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description{attribute}>{inside}</rdf:Description></x:xmpmeta>'.encode()


def raw_profile(data, compressed=True):
    digits = (b"Exif\0\0" + data).hex()
    lines = "\n".join(digits[i:i + 72] for i in range(0, len(digits), 72))
    text = f"\nexif\n{len(data) + 6:8}\n{lines}\n".encode()
    key = b"Raw profile type exif\0"
    return key + (b"\0" + zlib.compress(text) if compressed else text)


def with_app1(jpeg, data):
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def packed(row, bits, order=">"):
    """Rows of samples to bytes; the highest bit first."""
    if bits == 16:
        return row.astype(order + "u2").tobytes()
    if bits == 32:
        return row.astype(order + "u4").tobytes()
    digits = ((row.reshape(-1, 1) >> numpy.arange(bits - 1, -1, -1)) & 1).astype(numpy.uint8)
    return numpy.packbits(digits.reshape(-1)).tobytes()


# PNG

ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def png(samples, kind, depth, palette=None, transparent=None, interlaced=False, chunks=(), late=(), first=(),
        height=None, damage=None):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    rows = b"".join(b"\0" + packed(row.reshape(-1), depth) for part in passes if part.size for row in part)
    pixels = bytearray(zlib.compress(rows))
    if damage == "adler":
        pixels[-1] ^= 1
    elif damage == "deflate":
        pixels[len(pixels) // 2] ^= 0x55
    header = struct.pack(">IIBBBBB", samples.shape[1], height or samples.shape[0], depth, kind, 0, 0, interlaced)
    out = [*first, (b"IHDR", header)]
    if kind == 3:
        out.append((b"PLTE", bytes(palette.astype(numpy.uint8).tobytes())))
    if transparent is not None:
        values = transparent if kind == 3 else struct.pack(f">{len(transparent)}H", *map(int, transparent))
        out.append((b"tRNS", values))
    out += [*chunks, (b"IDAT", bytes(pixels)), *late, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in out)


# BMP

def bmp(rows, width, height, bits, header_size=40, compression=0, masks=(), palette=b"", top_down=False,
        num_colours=0, pixels_at=None):
    """`rows` are the bytes of the pixels as they stand in the file."""
    signed_height = -height if top_down else height
    if header_size == 12:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        header = struct.pack("<IiiHHIIiiII", header_size, width, signed_height, 1, bits, compression, len(rows), 0, 0,
                             num_colours, 0)
        if header_size >= 52:
            header += struct.pack("<4I", *(list(masks) + [0] * 4)[:4])
        header = header[:header_size] + bytes(max(header_size - len(header), 0))
        if header_size == 40 and masks:
            header += struct.pack(f"<{len(masks)}I", *masks)
    body = header + palette
    at = 14 + len(body) if pixels_at is None else pixels_at
    return b"BM" + struct.pack("<IHHI", 14 + len(body) + len(rows), 0, 0, at) + body + rows


def padded(data, to=4):
    return data + bytes(-len(data) % to)


# TIFF

TIFF_TYPES = {"B": 1, "s": 2, "H": 3, "I": 4, "Q": 16}


class Tiff:
    """One directory; `set(tag, type, *values)` in any order."""

    def __init__(self, order="<", big=False):
        self.order, self.big, self.tags = order, big, {}

    def set(self, tag, type, *values):
        self.tags[tag] = (type, values)
        return self

    def bytes(self, blocks, tiled=False):
        order, place = self.order, "Q" if self.big else "I"
        start = 16 if self.big else 8
        offsets, at = [], start
        for block in blocks:
            offsets.append(at)
            at += len(block) + len(block) % 2
        self.set(324 if tiled else 273, place, *offsets)
        self.set(325 if tiled else 279, place, *[len(block) for block in blocks])
        pixels = b"".join(padded(block, 2) for block in blocks)
        entry_size, count_format = (20, "Q") if self.big else (12, "H")
        directory_size = struct.calcsize("<" + count_format) + entry_size * len(self.tags) + struct.calcsize(place)
        extra_at = at + directory_size
        directory, extra = struct.pack(order + count_format, len(self.tags)), b""
        for tag, (type, values) in sorted(self.tags.items()):
            data = struct.pack(order + f"{len(values)}{type}", *values)
            directory += struct.pack(order + "HH" + place, tag, TIFF_TYPES[type], len(values))
            if len(data) <= struct.calcsize(place):
                directory += data + bytes(struct.calcsize(place) - len(data))
            else:
                directory += struct.pack(order + place, extra_at + len(extra))
                extra += padded(data, 2)
        mark = b"II" if order == "<" else b"MM"
        head = struct.pack(order + "HHHQ", 43, 8, 0, at) if self.big else struct.pack(order + "HI", 42, at)
        return mark + head + pixels + directory + struct.pack(order + place, 0) + extra


def packbits(data):
    """Literal runs alone, which is valid PackBits."""
    return b"".join(bytes([len(data[i:i + 100]) - 1]) + data[i:i + 100] for i in range(0, len(data), 100))


def reversed_bits(data):
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
