# SPDX-License-Identifier: Apache-2.0
"""dfl_rules.py against what DeepFaceLab itself wrote and read: Tests/golden/faces. The Swift tests judge our own files
with it. Needs numpy."""
import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

import dfl_rules

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "faces"
EXPECTED = json.loads((GOLDEN / "faces.json").read_text())
MARK = Path("/tmp/PWNED_by_dfl_pickle")


@pytest.mark.parametrize("name", EXPECTED["faces"])
def test_face(name):
    data = (GOLDEN / "aligned" / name).read_bytes()
    expected = EXPECTED["faces"][name]
    face = dfl_rules.read_face(data)
    for key in ("shape", "face_type", "landmarks", "source_filename", "source_rect", "source_landmarks",
                "image_to_face_mat", "seg_ie_polys", "eyebrows_expand_mod"):
        assert face.get(key) == expected[key], key
    assert ("xseg_mask" in face) == expected["has_xseg_mask"]
    if "xseg_mask" in face:
        assert len(base64.b64decode(face["xseg_mask"])) == expected["xseg_mask"]["bytes"]
    assert [len(p) for m, p in dfl_rules.segments(data) if m == 0xEF] == expected["app15_bytes"]


@pytest.mark.parametrize("name", ["00001_0", "00002_0"])
def test_face_of_another_numpy(name):
    again = dfl_rules.read_face((GOLDEN / "py311" / f"{name}_py311_numpy2.jpg").read_bytes())
    assert again == dfl_rules.read_face((GOLDEN / "aligned" / f"{name}.jpg").read_bytes())


@pytest.mark.parametrize("name", EXPECTED["broken"])
def test_broken_face(name):
    data = (GOLDEN / "broken" / name).read_bytes()
    outcome = EXPECTED["broken"][name]
    if "has_data=False" in outcome:
        assert dfl_rules.read_face(data) is None
    elif "has_data=True" in outcome:
        assert dfl_rules.read_face(data)["face_type"] == "whole_face"
    else:
        with pytest.raises(dfl_rules.Refused):
            dfl_rules.read_face(data)
    assert not MARK.exists()


@pytest.mark.parametrize("name", EXPECTED["paks"])
def test_pak(name):
    samples = dfl_rules.read_pak((GOLDEN / name).read_bytes())
    assert len(samples) == len(EXPECTED["paks"][name])
    for sample, expected in zip(samples, EXPECTED["paks"][name]):
        for key in ("filename", "person_name", "source_filename", "face_type", "sample_type", "shape", "landmarks",
                    "eyebrows_expand_mod", "jpeg_sha1"):
            assert sample[key] == expected[key], key
        # faces.json has the size of the last one as DeepFaceLab computes it, which is too large.
        assert sample["offset_size"] == [expected["offset_size"][0], expected["jpeg_bytes"]]
        assert (sample["xseg_mask"] is not None) == expected["has_xseg"]
        assert len(sample["seg_ie_polys"]) == expected["n_polys"]
        assert dfl_rules.read_face(sample["jpeg"])["landmarks"] == sample["landmarks"]


@pytest.mark.parametrize("name", ["evil.pak", "pak_truncated.pak", "pak_wrong_version.pak"])
def test_broken_pak(name):
    with pytest.raises(dfl_rules.Refused):
        dfl_rules.read_pak((GOLDEN / "broken" / name).read_bytes())
    assert not MARK.exists()


def test_rules_are_strict():
    good = (GOLDEN / "aligned" / "00001_0.jpg").read_bytes()
    restart = b"\xff\xdd\x00\x04\x00\x10"
    for bad in (b"\x00" + good, good[:2] + restart + good[2:], good.replace(b"JFIF", b"Exif", 1), good + b"more"):
        with pytest.raises(dfl_rules.Refused):
            dfl_rules.read_face(bad)


def test_command_line(tmp_path):
    program = [sys.executable, dfl_rules.__file__]
    done = subprocess.run([*program, "face", GOLDEN / "aligned" / "00001_0.jpg"], capture_output=True, text=True)
    assert json.loads(done.stdout)["source_filename"] == "00001.png"
    broken = GOLDEN / "broken" / "evil_pickle_os_system.jpg"
    done = subprocess.run([*program, "face", broken], capture_output=True, text=True)
    assert done.returncode == 1 and "posix.system" in done.stderr
