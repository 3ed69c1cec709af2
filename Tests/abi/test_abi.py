# SPDX-License-Identifier: Apache-2.0
"""The C interface, by C programs against build/libliae.so and by the examples against an installed copy."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"
STAGE = BUILD / "stage"
NETWORKS = ROOT / "Tests/golden/networks"
MODEL = NETWORKS / "liae-udt"
FILE = MODEL / "golden.dfm"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
XMP_TYPE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def run(*command, status=0, **options):
    """What the program printed; fails with it when the program did not end as expected."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **options)
    assert result.returncode == status, f"{command[0]} ended with {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout + result.stderr


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("abi")
    for name in ["smoke", "misuse", "frames", "threads", "allocations"]:
        run("cc", "-std=c99", "-O1", *STRICT, f"-I{ROOT / 'include'}", HERE / f"{name}.c", f"-L{BUILD}", "-lliae",
            "-lpthread", "-ldl", "-lm", f"-Wl,-rpath,{BUILD}", "-o", folder / name)
    # Not linked to the library: it loads it.
    run("cc", "-std=c99", *STRICT, f"-I{ROOT / 'include'}", HERE / "reload.c", "-ldl", "-o", folder / "reload")
    run("cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", HERE / "count_allocations.c", "-o",
        folder / "count_allocations.so")
    return folder


def test_smoke(programs):
    assert "0 failures" in run(programs / "smoke", MODEL)


def test_nothing_is_printed(programs):
    out = run(programs / "smoke", MODEL)
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("network", ["liae", "df-ud", "liae-ud", "torch-ud/ckpts_7.pt"])
def test_smoke_of_other_networks(programs, network):
    assert "0 failures" in run(programs / "smoke", NETWORKS / network)


@pytest.mark.parametrize("isa", ["baseline", "avx2"])
def test_smoke_of_a_lower_instruction_set(programs, isa):
    run(programs / "smoke", MODEL, env=os.environ | {"LIAE_ISA": isa})


def test_misuse(programs):
    assert "0 failures" in run(programs / "misuse", MODEL, FILE)


@pytest.mark.parametrize("network", ["liae-udt", "df-ud"])
def test_faces_in_frames(programs, tmp_path, network):
    merge = ROOT / "Tests/golden/merge"
    frame = np.asarray(Image.open(merge / "frame_A.png").convert("RGB"))
    frame.tofile(tmp_path / "frame.rgb")
    np.load(merge / "landmarks.npz")["A"].astype(np.float32).tofile(tmp_path / "landmarks.f32")
    height, width = frame.shape[:2]
    run(programs / "frames", NETWORKS / network, tmp_path / "frame.rgb", width, height, tmp_path / "landmarks.f32")


def test_threads(programs):
    assert "0 failures" in run(programs / "threads", MODEL)


def test_run_allocates_nothing(programs):
    out = run(programs / "allocations", MODEL, env=os.environ | {"LD_PRELOAD": str(programs / "count_allocations.so")})
    assert "0 failures" in out


def test_reload_does_not_grow(programs):
    run(programs / "reload", BUILD / "libliae.so.0", MODEL)


# ---- Header and library ----------------------------------------------------------------------------------------------


def test_header_is_generated_and_layouts_agree():
    run(ROOT / ".ci/check-header", ROOT / ".build/release/liae-headergen")


def test_stale_header_is_found(tmp_path):
    (tmp_path / "include").mkdir()
    os.symlink(ROOT / "Sources", tmp_path / "Sources")
    headergen = ROOT / ".build/release/liae-headergen"
    for name in ["liae.h", "liae.symbols"]:
        (tmp_path / "include" / name).write_bytes((ROOT / "include" / name).read_bytes())
    run(headergen, "--check", cwd=tmp_path)
    with open(tmp_path / "include/liae.h", "a") as file:
        file.write("\n")
    assert "stale" in run(headergen, "--check", cwd=tmp_path, status=1)


def test_library_exports_and_needs():
    run(ROOT / ".ci/check-library", BUILD / "libliae.so", "libliae.so.0")
    run(ROOT / ".ci/check-foundation", BUILD / "libliae.so")


# ---- Examples against an installed copy ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    pkg_config = STAGE / "usr/local/lib/pkgconfig"
    assert (pkg_config / "liae.pc").exists(), "run make stage first"
    # The sysroot would move libpng too, so the installed file is read with another prefix.
    text = (pkg_config / "liae.pc").read_text().replace("/usr/local", str(STAGE / "usr/local"))
    (folder / "liae.pc").write_text(text)
    run("make", "-C", ROOT / "examples", f"OUT={folder}", f"RPATH={STAGE / 'usr/local/lib'}",
        env=os.environ | {"PKG_CONFIG_PATH": str(folder)})
    return folder


def commands(examples):
    return {
        "c": [examples / "swap_face_c"],
        "cpp": [examples / "swap_face_cpp"],
        "python": [sys.executable, ROOT / "examples/python/swap_face.py"],
    }


ENVIRONMENT = os.environ | {"LIAE_LIBRARY": str(STAGE / "usr/local/lib/libliae.so.0")}


@pytest.fixture
def face(tmp_path):
    """The first face of the golden data, as a picture."""
    bgr = np.load(MODEL / "golden.npz")["input"][0]
    path = tmp_path / "face.png"
    Image.fromarray(np.round(bgr[..., ::-1] * 255).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("language", ["c", "cpp", "python"])
def test_example_swaps(examples, face, tmp_path, language):
    out = run(*commands(examples)[language], MODEL, face, tmp_path / "out", env=ENVIRONMENT)
    assert "liae-udt" in out
    golden = np.load(MODEL / "golden.npz")
    expected = {"rgb": golden["swap_rgb"][0][..., ::-1], "mask": golden["swap_mask"][0][..., 0]}
    for name, picture in expected.items():
        path = tmp_path / f"out.{name}.png"
        found = np.asarray(Image.open(path)).astype(np.float32) / 255
        assert found.shape == picture.shape
        # The input was rounded to 8 bits, and so is the output.
        assert np.abs(found - picture).max() < 0.02
        assert XMP_TYPE in path.read_bytes()


@pytest.mark.parametrize("language", ["c", "cpp", "python"])
def test_example_refuses(examples, face, tmp_path, language):
    command = commands(examples)[language]
    out = run(*command, "no/such/model", face, tmp_path / "out", env=ENVIRONMENT, status=1)
    assert "LIAE_ERROR_FILE_NOT_FOUND" in out and "no/such/model" in out
    small = tmp_path / "small.png"
    Image.new("RGB", (60, 64)).save(small)
    assert "LIAE_ERROR_INVALID_ARGUMENT" in run(*command, MODEL, small, tmp_path / "out", env=ENVIRONMENT, status=1)
    run(*command, MODEL, tmp_path / "missing.png", tmp_path / "out", env=ENVIRONMENT, status=1)
    assert not (tmp_path / "out.rgb.png").exists()


def test_installed_files():
    found = sorted(str(path.relative_to(STAGE / "usr/local")) for path in STAGE.rglob("*") if not path.is_dir())
    assert found == ["bin/liae-infer", "include/liae.h", "lib/libliae.so", "lib/libliae.so.0", "lib/libliae.so.0.1.0",
                     "lib/pkgconfig/liae.pc"]
