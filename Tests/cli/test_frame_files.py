# SPDX-License-Identifier: Apache-2.0
"""What a frame's file has beside 8-bit RGB pixels, and what of it the frame that `liae-infer merge` writes has: docs/frames.md.

Inputs are made by Pillow, ffmpeg or by hand; results are judged by Pillow, ffmpeg, exiftool and the PNG specification.
"""
import io
import json
import struct
import subprocess
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import IFDRational
from conftest import FACES, exiftool, liae_infer, source_type

FRAME = FACES / "frames/00001.png"
PIXELS = np.asarray(Image.open(FRAME))
HEIGHT, WIDTH = PIXELS.shape[:2]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, extra=(), interlaced=False):
    """A PNG file by the specification: (H, W, 1, 3 or 4) of uint8 or uint16, no filters; Adam7 where `interlaced`."""
    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    passes = [(0, 0, 1, 1)] if not interlaced else [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, dx, dy in passes:
        for row in pixels[y::dy, x::dx]:
            if row.size:
                rows += b"\0" + row.astype(f">u{bits // 8}").tobytes()
    kind = {1: 0, 3: 2, 4: 6}[channels]
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced))
            + b"".join(chunk(*c) for c in extra) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND"))


def chunks(path):
    """[(kind, data)] without the pixels."""
    data, i, found = path.read_bytes(), 8, []
    while i < len(data):
        count, = struct.unpack(">I", data[i:i + 4])
        kind, body = data[i + 4:i + 8], data[i + 8:i + 8 + count]
        assert struct.unpack(">I", data[i + 8 + count:i + 12 + count])[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        i += 12 + count
    return [c for c in found if c[0] != b"IDAT"]


def decoded(path, format="rgb48le"):
    """Pixels as ffmpeg decodes them."""
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", format, "-"],
                         capture_output=True, check=True).stdout
    kind = np.uint16 if format.endswith("le") else np.uint8
    size = Image.open(path).size
    return np.frombuffer(raw, kind).reshape(size[1], size[0], -1)


@pytest.fixture
def points(found_faces):
    return found_faces["00001_0.jpg"]["source_landmarks"]


@pytest.fixture
def merge(model, points, tmp_path):
    """Merges files, the first with a face, the others without: merge({name: bytes}, *options)."""
    def run(files, *options, points=points, output="out"):
        frames = tmp_path / "frames"
        frames.mkdir(exist_ok=True)
        for name, data in files.items():
            (frames / name).write_bytes(data)
        faces = tmp_path / "faces.jsonl"
        faces.write_text(json.dumps({"frame": next(iter(files)), "landmarks": np.asarray(points).tolist()}))
        result = liae_infer("merge", "--model", model, "--frames", frames, "--landmarks", faces, "--output",
                            tmp_path / output, "--face-type", "whole_face", "--mask-mode", "dst", *options)
        assert result.status == 0, result.err
        return tmp_path / output, result
    return run


def mask(output, stem="a"):
    return np.asarray(Image.open(output.parent / f"{output.name}_mask/{stem}.png"))


COLORS = [
    (b"cICP", bytes([9, 16, 0, 1])), (b"gAMA", struct.pack(">I", 45455)),
    (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
    (b"mDCV", struct.pack(">6H", 35400, 14600, 8500, 39850, 6550, 2300) + struct.pack(">2H2I", 15635, 16450, 10000000, 50)),
    (b"cLLI", struct.pack(">2I", 10000000, 1000000)), (b"pHYs", struct.pack(">IIB", 3937, 1968, 1)),
    (b"tEXt", b"Scene\0take 3")]


@pytest.mark.parametrize("extra", [COLORS, [(b"iCCP", b"my profile\0\0" + zlib.compress(PROFILE))],
                                   [(b"sRGB", b"\0"), (b"pHYs", struct.pack(">IIB", 4, 3, 0))]])
def test_swapped_and_copied_png_have_the_chunks_of_the_frame(extra, merge):
    output, result = merge({"a.png": png(PIXELS, extra), "b.png": png(PIXELS, extra)})
    swapped = chunks(output / "a.png")
    assert [c for c in swapped if c in extra] == extra and result.err == ""
    assert swapped[0][0] == b"IHDR" and source_type(output / "a.png") == "compositeWithTrainedAlgorithmicMedia"
    assert (output / "b.png").read_bytes() == png(PIXELS, extra)
    assert mask(output).max() == 255
    if extra[0][0] == b"iCCP":
        assert Image.open(output / "a.png").info["icc_profile"] == PROFILE


def test_what_is_not_kept_is_said_once(merge):
    extra = [(b"bKGD", bytes(6)), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"), (b"prIV", b"1")]
    output, result = merge({"a.png": png(PIXELS, extra), "b.png": png(PIXELS, extra)})
    assert result.err.count("not kept") == 1 and "a.png: bKGD, XMP, prIV of frames are not kept" in result.err
    output, result = merge({"a.png": png(PIXELS, COLORS), "b.png": png(PIXELS, COLORS)}, "--format", "jpeg",
                           output="jpeg")
    assert result.err.count("not kept") == 1 and "cICP, gAMA, cHRM, mDCV, cLLI, tEXt of frames are not kept" in result.err
    assert Image.open(output / "a.jpg").info["dpi"] == (100, 50)


def test_damaged_chunks_are_passed_over(merge):
    """As libpng passes over an ancillary chunk whose checksum is wrong; a profile that is no zlib stream is said."""
    file = bytearray(png(PIXELS, [(b"gAMA", struct.pack(">I", 45455))]))
    file[33 + 8] ^= 1
    output, result = merge({"a.png": bytes(file)})
    assert b"gAMA" not in [kind for kind, _ in chunks(output / "a.png")]
    output, result = merge({"a.png": png(PIXELS, [(b"iCCP", b"x\0\0nothing"), (b"eXIf", b"MM")])}, output="b")
    assert "a damaged ICC profile, damaged Exif data of frames are not kept" in result.err


def jpeg(orientation=None, profile=None, pixels=PIXELS, **options):
    image, data = Image.fromarray(pixels), io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
        exif[0x010f] = "A maker"
        exif.get_ifd(0x8769)[0x829a] = IFDRational(1, 50)
    image.save(data, "JPEG", quality=95, subsampling=0, exif=exif, icc_profile=profile, **options)
    return data.getvalue()


@pytest.mark.parametrize("format", ["png", "jpeg"])
def test_exif_profile_and_density_of_jpeg(format, merge):
    profile = PROFILE + bytes(100_000)
    source = jpeg(1, profile, dpi=(300, 300))
    output, result = merge({"a.jpg": source, "b.jpg": source}, "--format", format)
    for stem in "ab":
        path = output / (f"{stem}.png" if format == "png" else f"{stem}.jpg")
        found = Image.open(path)
        assert found.info["icc_profile"] == profile and round(found.info["dpi"][0]) == 300
        said = exiftool(path)[0]
        assert said["IFD0:Make"] == "A maker" and said["ExifIFD:ExposureTime"] == "1/50"
        assert source_type(path) == ("compositeWithTrainedAlgorithmicMedia" if stem == "a" else None)


def test_exif_loses_its_thumbnail(merge, tmp_path):
    """It would show the frame as it was."""
    (tmp_path / "t.jpg").write_bytes(jpeg(1))
    small = io.BytesIO()
    Image.fromarray(PIXELS).resize((32, 24)).save(small, "JPEG")
    (tmp_path / "small.jpg").write_bytes(small.getvalue())
    subprocess.run(["exiftool", "-q", "-overwrite_original", f"-ThumbnailImage<={tmp_path}/small.jpg", tmp_path / "t.jpg"],
                   check=True)
    source = (tmp_path / "t.jpg").read_bytes()
    assert "IFD1:ThumbnailImage" in exiftool(tmp_path / "t.jpg")[0]
    output, _ = merge({"a.jpg": source}, "--format", "jpeg")
    said = exiftool(output / "a.jpg")[0]
    assert not any("Thumbnail" in key for key in said) and said["IFD0:Make"] == "A maker"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "little endian"])
def test_frames_are_turned_upright(orientation, kind, merge):
    """As Pillow turns them; the result is upright and says so, swapped or copied."""
    # Stored so that the upright picture is the golden frame.
    stored = {1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1],
              5: lambda p: p.transpose(1, 0, 2), 6: lambda p: p.transpose(1, 0, 2)[::-1],
              7: lambda p: p[::-1, ::-1].transpose(1, 0, 2), 8: lambda p: p.transpose(1, 0, 2)[:, ::-1]}[orientation](PIXELS)
    stored = np.ascontiguousarray(stored)
    if kind == "jpg":
        source = jpeg(orientation, pixels=stored)
        upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(source))))
        assert np.abs(upright.astype(int) - PIXELS).mean() < 3
    else:
        order, magic = (">", b"MM\0*") if kind == "png" else ("<", b"II*\0")
        exif = magic + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
        source = png(stored, [(b"eXIf", exif)])
        upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(source))))
        assert np.array_equal(upright, PIXELS)
    ending = "jpg" if kind == "jpg" else "png"
    output, result = merge({f"a.{ending}": source, f"b.{ending}": source})
    assert (f"a.{ending}: Exif orientation {orientation}: frames that have one are turned upright" in result.err) == (
        orientation != 1) and result.err.count("orientation") <= 1
    for stem in "ab":
        found = Image.open(output / f"{stem}.png")
        assert found.size == (WIDTH, HEIGHT) and found.getexif().get(0x0112, 1) == 1
        same = mask(output, stem) == 0
        assert np.abs(np.asarray(found)[same].astype(int) - upright[same]).max() <= (3 if kind == "jpg" else 0)
        assert (stem == "b") == same.all()


def test_interlaced_png(merge):
    plain, _ = merge({"a.png": png(PIXELS)})
    interlaced, _ = merge({"a.png": png(PIXELS, interlaced=True)}, output="b")
    assert np.array_equal(Image.open(interlaced / "a.png"), Image.open(plain / "a.png"))


@pytest.mark.parametrize("kind", ["RGBA", "palette with transparency", "16 bits"])
def test_alpha_of_the_frame_stays(kind, merge):
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    pixels = np.dstack([PIXELS, alpha])
    if kind == "16 bits":
        source = png(pixels.astype(np.uint16) * 257)
    elif kind == "RGBA":
        source = png(pixels)
    else:
        data = io.BytesIO()
        palette = Image.fromarray(PIXELS).quantize(64)
        palette.save(data, "PNG", transparency=bytes(range(64)))
        source = data.getvalue()
        pixels = np.asarray(Image.open(io.BytesIO(source)).convert("RGBA"))
    output, result = merge({"a.png": source, "b.png": source})
    found = decoded(output / "a.png", "rgba64le") // 257 if kind == "16 bits" else np.asarray(Image.open(output / "a.png"))
    assert found.shape[2] == 4 and np.array_equal(found[..., 3], pixels[..., 3]) and result.err == ""
    outside = mask(output) == 0
    assert np.array_equal(found[outside], pixels[outside]) and not outside.all()
    _, result = merge({"a.png": source}, "--format", "jpeg", output="jpeg")
    assert "a.png: alpha of frames are not kept" in result.err


def test_16_bits(merge):
    """Where no face is, every bit stays; where one is, it is the face of the 8-bit frame, finer."""
    deep = PIXELS.astype(np.uint16) * 257
    noisy = deep ^ np.random.default_rng(1).integers(0, 64, deep.shape, dtype=np.uint16)
    output, _ = merge({"a.png": png(noisy), "b.png": png(noisy)})
    assert (output / "b.png").read_bytes() == png(noisy)
    found, weights = decoded(output / "a.png"), decoded(output.parent / "out_mask/a.png", "gray16le")[..., 0]
    outside = weights == 0
    assert np.array_equal(found[outside], noisy[outside]) and len(np.unique(weights)) > 300
    shallow, _ = merge({"a.png": png(PIXELS)}, output="shallow")
    exact, _ = merge({"a.png": png(deep)}, output="exact")
    coarse, fine = np.asarray(Image.open(shallow / "a.png")), decoded(exact / "a.png")
    assert np.array_equal(np.floor(fine / 257 + 0.5), coarse) and len(np.unique(fine % 257)) > 200
    # 8 bits on request, of 16-bit frames and the other way round.
    output, _ = merge({"a.png": png(deep), "b.png": png(deep)}, "--bits", "8", output="to8")
    assert np.array_equal(Image.open(output / "a.png"), coarse) and np.array_equal(Image.open(output / "b.png"), PIXELS)
    output, _ = merge({"a.png": png(PIXELS), "b.png": png(PIXELS)}, "--bits", "16", output="to16")
    assert np.array_equal(decoded(output / "a.png"), fine) and np.array_equal(decoded(output / "b.png"), deep)


def test_gray_frames(merge):
    gray = PIXELS.mean(2).astype(np.uint8)[..., None]
    profile = bytearray(PROFILE)
    profile[16:20] = b"GRAY"
    for kind in (np.uint8, np.uint16):
        source = png(gray.astype(kind) * (257 if kind == np.uint16 else 1),
                     [(b"iCCP", b"gray\0\0" + zlib.compress(bytes(profile)))])
        output, result = merge({"a.png": source, "b.png": source}, output=kind.__name__)
        assert "the ICC profile of gray of frames are not kept" in result.err
        found = decoded(output / "a.png") // 257 if kind == np.uint16 else np.asarray(Image.open(output / "a.png"))
        outside = mask(output) == 0
        assert np.array_equal(found[outside], np.repeat(gray, 3, 2)[outside])
        assert (output / "b.png").read_bytes() == source and b"iCCP" not in [kind for kind, _ in chunks(output / "a.png")]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("mode", ["overlay", "hist-match", "seamless"])
def test_the_face_alone(bits, mode, merge):
    """Straight alpha: over the frame it is the merge, and nothing is to be seen elsewhere."""
    options = ["--mode", mode, "--blur", "30", "--bits", bits]
    whole, _ = merge({"a.png": png(PIXELS), "b.png": png(PIXELS)}, *options)
    alone, _ = merge({"a.png": png(PIXELS), "b.png": png(PIXELS)}, *options, "--alpha", output="alone")
    scale = 257 if bits == 16 else 1
    read = (lambda p, f: decoded(p, f)) if bits == 16 else (lambda p, f: np.asarray(Image.open(p)))
    face, expected = read(alone / "a.png", "rgba64le").astype(float), read(whole / "a.png", "rgb48le")
    alpha = face[..., 3:] / (255 * scale)
    over = face[..., :3] * alpha + PIXELS * float(scale) * (1 - alpha)
    # Colour, alpha and result are rounded. A seamless face that is resampled overshoots 0...1, where it is clipped.
    assert np.abs(over - expected).max() <= (1.5 if bits == 8 else 3 if mode != "seamless" else 257)
    assert face[alpha[..., 0] == 0].max() == 0 and 0 < np.mean(alpha == 0) < 1 and len(np.unique(alpha)) > 100
    assert np.asarray(Image.open(alone / "b.png").convert("RGBA")).max() == 0
    assert Image.open(alone / "b.png").size == (WIDTH, HEIGHT)


def test_the_face_alone_where_it_is_none(model, tmp_path):
    for options in (["--mode", "original"], ["--mode", "raw-rgb"], ["--denoise", "5"], ["--color-degrade", "5"],
                    ["--format", "jpeg"]):
        result = liae_infer("merge", "--model", model, "--frames", FACES / "frames", "--aligned", FACES / "aligned",
                            "--output", tmp_path / "out", "--alpha", *options)
        assert result.status == 2 and not (tmp_path / "out").exists(), result.err
