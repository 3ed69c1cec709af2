# SPDX-License-Identifier: Apache-2.0
"""DeepFaceLab's rules for aligned faces and facesets, as a reader of our own: what it accepts, DeepFaceLab accepts.

    dfl_rules.py face FILE ...    the metadata of each JPEG as a line of JSON; exit 1 at the first that is refused
    dfl_rules.py pak FILE         the samples of a faceset.pak, a line each

Written from a description of the format, not from DeepFaceLab's code. It is as simple as that reader is said to be:
no fill bytes, no restart intervals, JFIF alone, the first FF D9 behind the scan's header for the end. Pickles may name
numpy's arrays and the two enumerations of a faceset, and nothing else. Needs numpy.
"""
import base64
import enum
import hashlib
import io
import json
import pickle
import struct
import sys
import warnings

import numpy as np

FACE_TYPES = {"half_face": 0, "midfull_face": 1, "full_face": 2, "full_face_no_align": 3, "whole_face": 4, "head": 10,
              "head_no_align": 20, "mark_only": 100}
KEYS = {"face_type", "landmarks", "source_filename", "source_rect", "source_landmarks", "image_to_face_mat",
        "xseg_mask", "seg_ie_polys", "eyebrows_expand_mod"}
SAMPLE_KEYS = {"sample_type", "filename", "face_type", "shape", "landmarks", "seg_ie_polys", "xseg_mask",
               "xseg_mask_compressed", "eyebrows_expand_mod", "source_filename", "person_name"}


class Refused(Exception):
    """DeepFaceLab would not take the file, or take it for something else."""


def require(condition, message):
    if not condition:
        raise Refused(message)


# ---- Pickles

class SampleType(enum.IntEnum):
    FACE = 1


FaceType = enum.IntEnum("FaceType", {name.upper(): value for name, value in FACE_TYPES.items()})


class Unpickler(pickle.Unpickler):
    """Gives numpy's own functions to the pickle, so that what it says must be what numpy takes."""

    def find_class(self, module, name):
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        if module in {"numpy.core.multiarray", "numpy._core.multiarray"} and name in {"_reconstruct", "scalar"}:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return super().find_class(module, name)
        if (module, name) == ("samplelib.Sample", "SampleType"):
            return SampleType
        if (module, name) == ("facelib.FaceType", "FaceType"):
            return FaceType
        raise Refused(f"the pickle names {module}.{name}")


def unpickle(data):
    try:
        return Unpickler(io.BytesIO(data)).load()
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"no pickle: {error}") from error


# ---- JPEG

def segments(data):
    """(marker, payload) of each segment, entropy-coded data left out."""
    require(data[:2] == b"\xff\xd8", "no SOI")
    position, found = 2, []
    while position < len(data):
        require(data[position] == 0xFF and position + 1 < len(data), f"no marker at byte {position}")
        marker = data[position + 1]
        position += 2
        if marker == 0xD9:
            found.append((marker, b""))
            continue
        require(marker != 0xDD, "a restart interval")
        require(position + 2 <= len(data), "the file ends inside a length")
        length, = struct.unpack(">H", data[position:position + 2])
        payload = data[position + 2:position + length]
        require(length >= 2 and len(payload) == length - 2, f"segment {marker:02x} does not fit")
        if marker == 0xE0:
            require(payload.startswith(b"JFIF\0"), "an APP0 that is not JFIF")
        found.append((marker, payload))
        position += length
        if marker == 0xDA:
            end = data.find(b"\xff\xd9", position)
            position = end if end >= 0 else len(data)
    return found


def points(value, count=None):
    array = np.asarray(value, dtype=np.float64)
    require(array.ndim == 2 and array.shape[1] == 2, f"points of shape {array.shape}")
    require(count is None or len(array) == count, f"{len(array)} points")
    require(np.isfinite(array).all(), "a point that is not finite")
    return array.tolist()


def polygons(value):
    require(isinstance(value, dict) and isinstance(value.get("polys"), list), "polygons are no {'polys': [...]}")
    for polygon in value["polys"]:
        require(set(polygon) == {"type", "pts"} and polygon["type"] in (0, 1), f"polygon {polygon}")
        require(polygon["pts"].dtype == np.float32, f"polygon points of {polygon['pts'].dtype}")
    return [{"type": int(p["type"]), "pts": points(p["pts"])} for p in value["polys"]]


def mask(value):
    require(isinstance(value, np.ndarray) and value.dtype == np.uint8, "a mask that is no bytes")
    require(value.ndim == 1 or (value.ndim == 2 and value.shape[1] == 1), f"a mask of shape {value.shape}")
    data = value.tobytes()
    require(data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")), "a mask that is no PNG or JPEG")
    return data


def read_face(data):
    """The metadata of an aligned JPEG as plain values, or None where it has none. `shape` is the picture's."""
    found = segments(data)
    shape = None
    for marker, payload in found:
        if marker in (0xC0, 0xC2):
            height, width, channels = struct.unpack(">HHB", payload[1:6])
            shape = [height, width, channels]
    require(shape is not None, "no SOF0 or SOF2")
    payloads = [payload for marker, payload in found if marker == 0xEF]
    if not payloads:
        return None
    values = unpickle(payloads[-1])
    require(isinstance(values, dict), "the metadata is no dictionary")
    if not values:
        return None
    require(set(values) <= KEYS, f"keys {sorted(set(values) - KEYS)}")
    face = {"shape": shape, "face_type": values.get("face_type", "full_face")}
    require(face["face_type"] in FACE_TYPES, f"face type {face['face_type']}")
    face["landmarks"] = points(values["landmarks"], 68)
    if "source_filename" in values:
        face["source_filename"] = values["source_filename"]
        require(isinstance(face["source_filename"], str), "a source_filename that is no text")
    if "source_rect" in values:
        require(values["source_rect"].shape == (4,) and values["source_rect"].dtype.kind == "i", "source_rect")
        face["source_rect"] = values["source_rect"].tolist()
    if "source_landmarks" in values:
        face["source_landmarks"] = points(values["source_landmarks"], 68)
    if "image_to_face_mat" in values:
        matrix = values["image_to_face_mat"]
        require(matrix.shape == (2, 3) and matrix.dtype == np.float64, "image_to_face_mat")
        face["image_to_face_mat"] = matrix.tolist()
    if "xseg_mask" in values:
        face["xseg_mask"] = base64.b64encode(mask(values["xseg_mask"])).decode()
    face["seg_ie_polys"] = polygons(values["seg_ie_polys"]) if "seg_ie_polys" in values else []
    face["eyebrows_expand_mod"] = float(values.get("eyebrows_expand_mod", 1.0))
    return face


# ---- faceset.pak

def read_pak(data):
    """The samples as plain values, each with `jpeg`, its file. The last offset is the end of the file."""
    require(len(data) >= 16, "the file ends inside its header")
    version, length = struct.unpack("<QQ", data[:16])
    require(version == 1, f"version {version}")
    require(16 + length <= len(data), "the file ends inside its pickle")
    samples = unpickle(data[16:16 + length])
    require(isinstance(samples, list), "the pickle is no list")
    start = 16 + length + 8 * (len(samples) + 1)
    require(start <= len(data), "the file ends inside its offsets")
    offsets = list(struct.unpack(f"<{len(samples) + 1}Q", data[16 + length:start]))
    require(offsets[-1] == len(data), f"the last offset is {offsets[-1]}, the file has {len(data)} bytes")
    offsets[-1] = len(data) - start
    found = []
    for sample, begin, end in zip(samples, offsets, offsets[1:]):
        require(set(sample) == SAMPLE_KEYS, f"keys {sorted(sample)}")
        require(isinstance(sample["sample_type"], SampleType), "sample_type")
        require(isinstance(sample["face_type"], FaceType), "face_type")
        require(isinstance(sample["shape"], tuple) and len(sample["shape"]) == 3, "shape")
        require(isinstance(sample["landmarks"], list), "landmarks that are no list")
        require(sample["xseg_mask"] is None, "an xseg_mask that is not compressed")
        compressed = sample["xseg_mask_compressed"]
        jpeg = data[start + begin:start + end]
        require(jpeg[:3] == b"\xff\xd8\xff", "a sample that is no JPEG")
        found.append({
            "filename": sample["filename"], "person_name": sample["person_name"],
            "source_filename": sample["source_filename"], "face_type": int(sample["face_type"]),
            "sample_type": int(sample["sample_type"]), "shape": list(sample["shape"]),
            "landmarks": points(sample["landmarks"], 68), "seg_ie_polys": polygons(sample["seg_ie_polys"]),
            "eyebrows_expand_mod": float(sample["eyebrows_expand_mod"]),
            "xseg_mask": None if compressed is None else base64.b64encode(mask(compressed)).decode(),
            "offset_size": [start + begin, end - begin], "jpeg_sha1": hashlib.sha1(jpeg).hexdigest(), "jpeg": jpeg,
        })
    return found


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("face", "pak"):
        sys.exit(__doc__)
    for path in arguments[1:]:
        with open(path, "rb") as file:
            data = file.read()
        try:
            found = [read_face(data)] if arguments[0] == "face" else read_pak(data)
        except Refused as refusal:
            sys.exit(f"{path}: {refusal}")
        for value in found:
            if value is not None:
                value.pop("jpeg", None)
            print(json.dumps(value))


if __name__ == "__main__":
    main(sys.argv[1:])
