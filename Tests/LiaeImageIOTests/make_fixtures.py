#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Fixtures/: small PNG and JPEG files, and beside each NAME.raw: the pixels as Pillow decodes them
("W H C\\n", then bytes), or for resize_*.raw as Pillow resizes them (then float32). Needs numpy and Pillow.

PNG kinds that Pillow cannot write are written here, chunk by chunk, and checked by reading them back with Pillow.
"""
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

OUT = Path(__file__).parent / "Fixtures"
WIDTH, HEIGHT = 13, 9
rng = np.random.default_rng(2)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, depth):
    """Filter byte 0 and the bits of each row; samples is (H, W, C)."""
    out = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            out += b"\0" + flat.astype(">u2").tobytes()
        elif depth == 8:
            out += b"\0" + flat.astype("u1").tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            out += b"\0" + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    return out


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, color_type, depth, interlaced=False, extra=b""):
    height, width = samples.shape[:2]
    data = b""
    if interlaced:
        for x, y, dx, dy in ADAM7:
            part = samples[y::dy, x::dx]
            if part.size:
                data += packed_rows(part, depth)
    else:
        data = packed_rows(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9))
            + chunk(b"IEND", b""))


def save(name, data, expected):
    (OUT / name).write_bytes(data)
    with open(OUT / (Path(name).stem + ".raw"), "wb") as file:
        file.write(f"{expected.shape[1]} {expected.shape[0]} {expected.shape[2]}\n".encode())
        file.write(expected.tobytes())


def smooth(channels):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [120 + 100 * np.sin(x / (3 + c) + c) * np.cos(y / (2 + c)) for c in range(channels)]
    return np.stack(planes, -1).round().astype(np.uint8)


def main():
    OUT.mkdir(exist_ok=True)
    # color types: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA
    for depth in (1, 2, 4, 8, 16):
        for interlaced in (False, True):
            samples = rng.integers(0, 1 << depth, (HEIGHT, WIDTH, 1))
            expected = np.round(samples * (255 / ((1 << depth) - 1))).astype(np.uint8)
            name = f"gray{depth}{'_interlaced' if interlaced else ''}.png"
            save(name, png(samples, 0, depth, interlaced), expected)
            if depth <= 8:
                seen = np.asarray(Image.open(OUT / name).convert("L"))
                assert np.abs(seen.astype(int) - expected[..., 0]).max() == 0, name
    for depth in (8, 16):
        for interlaced in (False, True):
            for color_type, channels, mode in ((2, 3, "RGB"), (6, 4, "RGBA")):
                samples = rng.integers(0, 1 << depth, (HEIGHT, WIDTH, channels))
                expected = np.round(samples * (255 / ((1 << depth) - 1))).astype(np.uint8)
                name = f"{mode.lower()}{depth}{'_interlaced' if interlaced else ''}.png"
                save(name, png(samples, color_type, depth, interlaced), expected)
                # Pillow cuts 16 bits down instead of rounding.
                seen = np.asarray(Image.open(OUT / name).convert(mode))
                assert np.abs(seen.astype(int) - expected).max() <= (depth == 16), name
    samples = rng.integers(0, 256, (HEIGHT, WIDTH, 2))
    save("gray_alpha8.png", png(samples, 4, 8), samples[..., [0, 0, 0, 1]].astype(np.uint8))

    palette = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    alpha = rng.integers(0, 256, 16).astype(np.uint8)
    samples = rng.integers(0, 16, (HEIGHT, WIDTH, 1))
    colors = chunk(b"PLTE", palette.tobytes())
    save("palette4.png", png(samples, 3, 4, False, colors), palette[samples[..., 0]])
    save("palette8_interlaced.png", png(samples, 3, 8, True, colors), palette[samples[..., 0]])
    save("palette4_transparent.png", png(samples, 3, 4, False, colors + chunk(b"tRNS", alpha.tobytes())),
         np.concatenate([palette, alpha[:, None]], 1)[samples[..., 0]])
    for name, mode in (("palette4.png", "RGB"), ("palette8_interlaced.png", "RGB"), ("palette4_transparent.png", "RGBA")):
        expected = (OUT / (Path(name).stem + ".raw")).read_bytes().split(b"\n", 1)[1]
        assert np.asarray(Image.open(OUT / name).convert(mode)).tobytes() == expected, name

    for name, mode, options in (
            ("color.jpg", "RGB", dict(quality=90)), ("color_444.jpg", "RGB", dict(quality=90, subsampling=0)),
            ("progressive.jpg", "RGB", dict(quality=90, progressive=True)), ("gray.jpg", "L", dict(quality=90)),
            ("cmyk.jpg", "CMYK", dict(quality=90))):
        picture = Image.fromarray(smooth({"RGB": 3, "L": 1, "CMYK": 4}[mode]).squeeze(), mode)
        picture.save(OUT / name, **options)
        if mode != "CMYK":
            pixels = np.asarray(Image.open(OUT / name))
            save(name, (OUT / name).read_bytes(), pixels.reshape(HEIGHT, WIDTH, -1))

    source = rng.random((14, 20)).astype(np.float32) * 0.5 + 0.25
    for width, height in ((20, 14), (9, 11), (31, 40), (7, 3), (1, 1)):
        resized = Image.fromarray(source, "F").resize((width, height), Image.BICUBIC)
        save(f"resize_{width}x{height}.raw", b"", np.clip(np.asarray(resized), 0, 1).astype("<f4")[..., None])


main()
