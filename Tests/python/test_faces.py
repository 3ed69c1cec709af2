# SPDX-License-Identifier: Apache-2.0
"""dfl_rules.py against what DeepFaceLab itself wrote and read: `faces` of the golden data. The Swift tests judge our own
files with it. Needs numpy."""
import base64
import json
import subprocess
import sys
from pathlib import Path

import dfl_rules
import golden_data
import pytest

GOLDEN, REPOSITORY = golden_data.GOLDEN / "faces", golden_data.REPOSITORY / "faces"
EXPECTED = json.loads((GOLDEN / "faces.json").read_text()) if (GOLDEN / "faces.json").exists() else {}
MARK = Path("/tmp/PWNED_by_dfl_pickle")


@pytest.mark.golden
@pytest.mark.parametrize("name", golden_data.cases(EXPECTED.get("faces", []), "faces"))
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


@pytest.mark.golden
@pytest.mark.parametrize("file", golden_data.cases(
    golden_data.names("faces/py311", "*.jpg"), "faces that another numpy wrote"))
def test_face_of_another_numpy(file):
    # The longest name counts, where one is the beginning of another.
    name = max((name for name in EXPECTED["faces"] if file.startswith(name.removesuffix(".jpg"))), key=len)
    again = dfl_rules.read_face((GOLDEN / "py311" / file).read_bytes())
    assert again == dfl_rules.read_face((GOLDEN / "aligned" / name).read_bytes())


@pytest.mark.golden
@pytest.mark.parametrize("name", golden_data.cases(EXPECTED.get("broken", []), "broken faces"))
def test_broken_face(name):
    data = (GOLDEN / "broken" / name).read_bytes()
    outcome = EXPECTED["broken"][name]
    if "has_data=False" in outcome:
        assert dfl_rules.read_face(data) is None
    elif "has_data=True" in outcome:
        assert dfl_rules.read_face(data)["landmarks"]
    else:
        with pytest.raises(dfl_rules.Refused):
            dfl_rules.read_face(data)
    assert not MARK.exists()


@pytest.mark.golden
@pytest.mark.parametrize("name", golden_data.cases(EXPECTED.get("paks", []), "facesets"))
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


@pytest.mark.golden
@pytest.mark.parametrize("name", golden_data.cases(golden_data.names("faces/broken", "*.pak"), "broken facesets"))
def test_broken_pak(name):
    with pytest.raises(dfl_rules.Refused):
        dfl_rules.read_pak((GOLDEN / "broken" / name).read_bytes())
    assert not MARK.exists()


def test_rules_are_strict():
    good = (REPOSITORY / "aligned" / "00001_0.jpg").read_bytes()
    restart = b"\xff\xdd\x00\x04\x00\x10"
    for bad in (b"\x00" + good, good[:2] + restart + good[2:], good.replace(b"JFIF", b"Exif", 1), good + b"more"):
        with pytest.raises(dfl_rules.Refused):
            dfl_rules.read_face(bad)


def test_command_line(tmp_path):
    program = [sys.executable, dfl_rules.__file__]
    done = subprocess.run([*program, "face", REPOSITORY / "aligned" / "00001_0.jpg"], capture_output=True, text=True)
    assert json.loads(done.stdout)["source_filename"] == "00001.png"
    broken = REPOSITORY / "broken" / "evil_pickle_os_system.jpg"
    done = subprocess.run([*program, "face", broken], capture_output=True, text=True)
    assert done.returncode == 1 and "posix.system" in done.stderr
