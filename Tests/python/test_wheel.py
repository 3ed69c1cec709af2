# SPDX-License-Identifier: Apache-2.0
"""The wheel of `make wheel`: its tag against auditwheel, its installation with pip, its annotations with mypy."""

import os
import pathlib
import re
import subprocess
import sys
import zipfile

import golden_data
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = golden_data.REPOSITORY / "networks/liae-udt"
LIBRARY = (ROOT / "build/libliae.so").resolve()
USER = '''
from __future__ import annotations
import numpy as np
import numpy.typing as npt
import liae

def swap(path: str, frame: npt.NDArray[np.uint8], landmarks: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    with liae.Model(path, face_type="wf") as model:
        options = liae.CompositeOptions(erode=3, color_transfer="rct")
        face: liae.Face = {"landmarks": landmarks, "context": model.context()}
        result, mask = liae.swap_faces(frame, [face], options)
        side: int = model.resolution
        names: str = model.architecture
        print(side, names, mask.shape, model.trained_morph)
        return result
'''
MISTAKES = ["liae.CompositeOptions(erod=3)", "liae.Model(3)", "liae.face_pose()", 'liae.version() + 1', "liae.nothing"]


def build(folder, *more):
    command = [sys.executable, ROOT / "python/build_wheel.py", "--library", LIBRARY, "--output", folder, *more]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    done = build(tmp_path_factory.mktemp("wheel"), "--version", "0.1.0-dev")
    assert done.returncode == 0, done.stderr
    return pathlib.Path(done.stdout.strip())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder into which pip installed the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps",
                    "--no-index", "--target", folder, wheel], check=True)
    return folder


def test_tag_is_what_auditwheel_finds(wheel):
    shown = subprocess.run([sys.executable, "-m", "auditwheel", "show", wheel], capture_output=True, text=True,
                           check=True)
    found = re.search(r'platform tag:\s+"(\S+)"', shown.stdout).group(1)
    assert wheel.name == f"liae-0.1.0.dev0-py3-none-{found}.whl"
    assert found.startswith("manylinux_2_")


def test_the_same_input_gives_the_same_bytes(wheel, tmp_path):
    assert build(tmp_path, "--version", "0.1.0-dev").returncode == 0
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        wanted = {"liae/py.typed", "liae/libliae.so.0", "liae-0.1.0.dev0.dist-info/licenses/LICENSE"}
        assert wanted <= set(archive.namelist())


def test_installed_wheel_runs_with_its_own_library(installed, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import sys, numpy, liae, importlib.metadata as m\n"
                       "rgb, mask = liae.Model(sys.argv[1]).swap(numpy.load(sys.argv[2])['input'][0], order='bgr')\n"
                       "numpy.save(sys.argv[3], rgb)\n"
                       "print(open('/proc/self/maps').read(), liae.__file__, liae.__version__, m.version('liae'))\n")
    environment = {key: value for key, value in os.environ.items() if key != "LIAE_LIBRARY"}
    environment["PYTHONPATH"] = str(installed)
    out = subprocess.run([sys.executable, program, MODEL, MODEL / "golden.npz", tmp_path / "rgb.npy"], env=environment,
                         capture_output=True, text=True, check=True).stdout
    assert f"{installed}/liae/libliae.so.0" in out and str(LIBRARY) not in out
    assert out.split()[-1] == "0.1.0.dev0"
    golden = np.load(MODEL / "golden.npz")["swap_rgb"][0]
    assert np.abs(np.load(tmp_path / "rgb.npy") - golden).max() < 1e-4


def test_annotations_under_mypy_strict(installed, tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(USER)
    bad.write_text("import liae\n" + "\n".join(MISTAKES) + "\n")
    check = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache"]
    environment = os.environ | {"MYPYPATH": str(installed)}
    done = subprocess.run([*check, good], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([*check, bad], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    lines = {int(line) for line in re.findall(r"bad\.py:(\d+): error", done.stdout)}
    assert lines == set(range(2, 2 + len(MISTAKES))), done.stdout


def test_without_a_library_the_import_says_what_to_do(tmp_path):
    for path in ("/nowhere/libliae.so.0", str(ROOT / "LICENSE")):
        done = subprocess.run([sys.executable, "-c", "import liae"], capture_output=True, text=True,
                              env=os.environ | {"LIAE_LIBRARY": path, "PYTHONPATH": str(ROOT / "python")})
        assert done.returncode == 1
        assert re.search(r"ImportError: .*make wheel.*LIAE_LIBRARY", done.stderr) and path in done.stderr


def test_what_is_no_library_or_version_makes_no_wheel(tmp_path):
    for more, text in [(["--version", "latest"], "expected digits"),
                       (["--version", "0.1.0", "--library", ROOT / "LICENSE"], "not a shared library")]:
        done = build(tmp_path / "out", *more)
        assert done.returncode == 1 and text in done.stderr
    assert not (tmp_path / "out").exists()
