# SPDX-License-Identifier: Apache-2.0
"""The C interface, by C programs against build/libliae.so and by the examples against an installed copy."""

import json
import os
import pathlib
import platform
import re
import shutil
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
MERGE = ROOT / "Tests/golden/merge"
XMP_TYPE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
XMP_COMPOSITE = b"http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


LONG = os.environ.get("LIAE_LONG_TESTS") == "1"


def run(*command, status=0, timeout=600, **options):
    """What the program printed; fails with it when the program did not end as expected."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout, **options)
    assert result.returncode == status, f"{command[0]} ended with {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout + result.stderr


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("abi")
    for name in ["smoke", "misuse", "models", "frames", "threads", "allocations", "packed", "writing", "limits",
                 "failures", "segment"] + (["looks"] if platform.machine() == "x86_64" else []):
        run("cc", "-std=c99", "-O1", *STRICT, f"-I{ROOT / 'include'}", HERE / f"{name}.c", f"-L{BUILD}", "-lliae",
            "-rdynamic", "-lpthread", "-ldl", "-lm", f"-Wl,-rpath,{BUILD}", "-o", folder / name)
    # Not linked to the library: they load it.
    for name in ["reload", "host"]:
        run("cc", "-std=c99", *STRICT, f"-I{ROOT / 'include'}", HERE / f"{name}.c", "-ldl", "-lm", "-o", folder / name)
    run("cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", HERE / "count_allocations.c", "-o",
        folder / "count_allocations.so")
    run("cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", HERE / "fail_calls.c", "-ldl", "-o",
        folder / "fail_calls.so")
    return folder


def test_smoke(programs):
    assert "0 failures" in run(programs / "smoke", MODEL)


def test_nothing_is_printed(programs):
    out = run(programs / "smoke", MODEL)
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("network", ["liae", "df-ud", "liae-ud", "amp-64", "torch-ud/ckpts_7.pt"])
def test_smoke_of_other_networks(programs, network):
    assert "0 failures" in run(programs / "smoke", NETWORKS / network)


@pytest.mark.parametrize("isa", ["baseline", "avx2"] if platform.machine() == "x86_64" else ["baseline"])
def test_smoke_of_a_lower_instruction_set(programs, isa):
    run(programs / "smoke", MODEL, env=os.environ | {"LIAE_ISA": isa})


def test_misuse(programs):
    assert "0 failures" in run(programs / "misuse", MODEL, FILE)


@pytest.mark.parametrize("network", ["liae-udt", "df-ud", "amp-64"])
def test_models(programs, tmp_path, network):
    assert "0 failures" in run(programs / "models", NETWORKS / network, NETWORKS / network / "golden.dfm", tmp_path)


@pytest.mark.parametrize("network", ["liae-udt", "df-ud", "amp-64"])
def test_faces_in_frames(programs, tmp_path, network):
    frame = pixels(MERGE / "frame_A.png")
    frame.tofile(tmp_path / "frame.rgb")
    np.load(MERGE / "landmarks.npz")["A"].astype(np.float32).tofile(tmp_path / "landmarks.f32")
    height, width = frame.shape[:2]
    run(programs / "frames", NETWORKS / network, tmp_path / "frame.rgb", width, height, tmp_path / "landmarks.f32")


@pytest.mark.parametrize("file", ["XSeg_256.npy", "XSeg_model.onnx"])
def test_a_model_that_segments(programs, tmp_path, file):
    frame = pixels(MERGE / "frame_A.png")
    frame.tofile(tmp_path / "frame.rgb")
    np.load(MERGE / "landmarks.npz")["A"].astype(np.float32).tofile(tmp_path / "landmarks.f32")
    height, width = frame.shape[:2]
    out = run(programs / "segment", NETWORKS / "xseg-b4" / file, MODEL, tmp_path / "frame.rgb", width, height,
              tmp_path / "landmarks.f32")
    assert "0 failures" in out


def test_threads(programs):
    assert "0 failures" in run(programs / "threads", MODEL)


@pytest.mark.parametrize("network", ["liae-udt", "amp-64"])
def test_run_allocates_nothing(programs, network):
    out = run(programs / "allocations", NETWORKS / network, env=os.environ | {"LD_PRELOAD": str(programs / "count_allocations.so")})
    assert "0 failures" in out


@pytest.mark.parametrize("network", ["liae-udt", "df-ud", "amp-64", "torch-ud/ckpts_7.pt"])
def test_packed_weights(programs, tmp_path, network):
    assert "0 failures" in run(programs / "packed", NETWORKS / network, tmp_path)


def test_writing_where_the_system_fails(programs, tmp_path):
    assert "0 failures" in run(programs / "writing", MODEL, tmp_path)


def test_packed_weights_run_without_allocations(programs, tmp_path):
    run(programs / "packed", MODEL, tmp_path)
    out = run(programs / "allocations", tmp_path / "saved.liaepack",
              env=os.environ | {"LD_PRELOAD": str(programs / "count_allocations.so")})
    assert "0 failures" in out


@pytest.mark.skipif(platform.machine() != "x86_64", reason="steps through instructions of x86-64")
def test_looks_at_the_cancellation(programs):
    assert "0 failures" in run(programs / "looks", MODEL)


def test_limits_cancellation_and_pools(programs, tmp_path):
    assert "0 failures" in run(programs / "limits", MODEL, tmp_path)


def test_floating_point_environment_and_signals(programs):
    assert "0 failures" in run(programs / "host", BUILD / "libliae.so.0", MODEL)


@pytest.mark.parametrize("variable", [
    "SWIFT_DEBUG_HELP=YES", "SWIFT_BACKTRACE=enable=yes,unknown=1", "SWIFT_DEBUG_ENABLE_METADATA_ALLOCATION_ITERATION=maybe",
    "SWIFT_BINARY_COMPATIBILITY_VERSION=x", "SWIFT_DEBUG_IMPLICIT_OBJC_ENTRYPOINT=9000"])
def test_variables_of_the_swift_runtime_do_nothing_in_a_host(programs, variable):
    name, value = variable.split("=", 1)
    result = subprocess.run([programs / "host", BUILD / "libliae.so.0", MODEL], env=os.environ | {name: value},
                            capture_output=True, text=True, check=True)
    assert "0 failures" in result.stdout and len(result.stdout.splitlines()) == 1 and result.stderr == ""


def test_backtraces_of_the_swift_runtime_are_not_installed_in_a_host(programs):
    swift = shutil.which("swift")
    if swift is None:
        pytest.skip("there is no Swift toolchain whose backtracer could be found")
    root = os.path.dirname(os.path.dirname(os.path.realpath(swift)))
    run(programs / "host", BUILD / "libliae.so.0", MODEL,
        env=os.environ | {"SWIFT_ROOT": root, "SWIFT_BACKTRACE": "enable=yes"})


@pytest.mark.parametrize("network", ["liae-udt", "df-ud/golden.dfm", "amp-64", "torch-ud/ckpts_7.pt"])
def test_failed_allocations_and_file_operations(programs, tmp_path, network):
    step = "1" if LONG else "401"
    out = run(programs / "failures", NETWORKS / network, tmp_path, step,
              env=os.environ | {"LD_PRELOAD": str(programs / "fail_calls.so")}, timeout=14400 if LONG else 300)
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


def test_cmake_finds_an_installed_copy(tmp_path):
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed")
    run("cmake", "-S", HERE / "cmake", "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={STAGE / 'usr/local'}")
    run("cmake", "--build", tmp_path)
    assert "0 failures" in run(tmp_path / "wrapper", MODEL, FILE)
    # A version that is not there.
    (tmp_path / "other").mkdir()
    text = (HERE / "cmake/CMakeLists.txt").read_text().replace("liae 0.1", "liae 0.99")
    (tmp_path / "other/CMakeLists.txt").write_text(text)
    shutil.copy(HERE / "cmake/wrapper.cpp", tmp_path / "other")
    run("cmake", "-S", tmp_path / "other", "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={STAGE / 'usr/local'}", status=1)


def test_the_c_of_the_readme(face, tmp_path):
    """The function that the README shows compiles without a warning, links by pkg-config, and swaps a face."""
    block = re.search(r"```c\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    rgb = np.asarray(Image.open(face).convert("RGB"))
    (tmp_path / "swap.c").write_text(block + """
static unsigned char face[640 * 640 * 3], picture[640 * 640 * 3], alpha[640 * 640];
int main(int count, char **names) {
  size_t side = %d;
  return count != 2 || fread(face, 3 * side, side, stdin) != side || swap(names[1], face, picture, alpha, (int)side)
    || fwrite(picture, 3 * side, side, stdout) != side;
}
""" % rgb.shape[0])
    text = (STAGE / "usr/local/lib/pkgconfig/liae.pc").read_text().replace("=/usr/local", f"={STAGE}/usr/local")
    (tmp_path / "liae.pc").write_text(text)
    flags = run("pkg-config", "--cflags", "--libs", "liae", env=os.environ | {"PKG_CONFIG_PATH": str(tmp_path)}).split()
    run("cc", "-Wall", "-Wextra", "-Werror", tmp_path / "swap.c", *flags, f"-Wl,-rpath,{STAGE / 'usr/local/lib'}", "-o",
        tmp_path / "swap")
    done = subprocess.run([tmp_path / "swap", MODEL], input=rgb.tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr
    golden = np.load(MODEL / "golden.npz")["swap_rgb"][0][..., ::-1] * 255
    assert np.abs(np.frombuffer(done.stdout, np.uint8).reshape(golden.shape) - golden).max() < 1.5


@pytest.mark.skipif(not LONG, reason="compiles the library for the example, a minute or more: LIAE_LONG_TESTS=1")
def test_swift_package_that_depends_on_the_library(tmp_path):
    out = run("swift", "run", "-c", "release", "--package-path", ROOT / "examples/swift", "--scratch-path", tmp_path, "swap",
              MODEL, timeout=1800)
    assert out.splitlines()[-1].startswith("liae-udt, 64 x 64 pixels; mean of the picture")


def test_installed_files(tmp_path):
    found = sorted(str(path.relative_to(STAGE / "usr/local")) for path in STAGE.rglob("*") if not path.is_dir())
    assert found == ["bin/liae-infer", "bin/liae-train", "include/liae.h", "include/liae.hpp",
                     "lib/cmake/liae/liae-config-version.cmake", "lib/cmake/liae/liae-config.cmake", "lib/libliae.so",
                     "lib/libliae.so.0", "lib/libliae.so.0.1.0", "lib/pkgconfig/liae.pc",
                     "share/bash-completion/completions/liae-infer", "share/bash-completion/completions/liae-train",
                     "share/doc/liae/LICENSE", "share/doc/liae/NOTICE", "share/fish/vendor_completions.d/liae-infer.fish",
                     "share/fish/vendor_completions.d/liae-train.fish", "share/man/man1/liae-infer.1", "share/man/man1/liae-train.1",
                     "share/zsh/site-functions/_liae-infer", "share/zsh/site-functions/_liae-train"]
    # What is installed can be taken away again.
    run("make", "-C", ROOT, "install", "uninstall", f"DESTDIR={tmp_path}", "DEPS=no")
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


@pytest.mark.parametrize("program", ["liae-infer", "liae-train"])
def test_manual_pages(program):
    """groff finds nothing to complain of, and every command and option of the help is there."""
    page = STAGE / f"usr/local/share/man/man1/{program}.1"
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-P", "cat", page], capture_output=True, text=True,
                          env=os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MANROFFSEQ": ""}, check=True)
    assert done.stderr == ""
    text = re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)
    name, summary = re.search(r"^NAME\n +(\S+) - (.+)$", text, re.M).groups()
    assert name == program and len(summary) > 20
    binary = STAGE / "usr/local/bin" / program
    help_text = run(binary, "--help")
    subcommands = re.findall(r"^  ([a-z]+) ", help_text[help_text.index("SUBCOMMANDS"):], re.M)
    assert len(subcommands) > 5
    for command in subcommands:
        assert re.search(rf"^ +{program} {command}$", text, re.M), command
        for option in set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run(binary, command, "--help"), re.M)):
            assert option in text, (command, option)


def test_debian_packages(tmp_path):
    """Three packages that hold all that is installed, and in which lintian finds no error."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    version = run(STAGE / "usr/local/bin/liae-train", "--version").split()[1]
    folder = tmp_path / "deb" / "work"
    run(ROOT / ".ci/deb", version, folder, timeout=300)
    packages = sorted(folder.parent.glob("*.deb"))
    assert [path.name.split("_")[0] for path in packages] == ["liae-tools", "libliae-dev", "libliae0"]
    files = "".join(run("dpkg-deb", "-c", path) for path in packages)
    for path in ("bin/liae-infer", "bin/liae-train", "share/man/man1/liae-infer.1.gz", "share/man/man1/liae-train.1.gz",
                 "include/liae.h", "include/liae.hpp", "liae-config.cmake", "pkgconfig/liae.pc", "libliae.so.0",
                 "doc/libliae0/copyright", "bash-completion/completions/liae-infer"):
        assert path in files, path
    for path in packages:
        run("dpkg-deb", "-x", path, tmp_path / "root")
        text = (tmp_path / f"root/usr/share/doc/{path.name.split('_')[0]}/copyright").read_text()
        assert "Apache-2.0" in text and all(line.strip() in text for line in (ROOT / "NOTICE").read_text().split("\n"))
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed; the rest is as it should be")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", *packages], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


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


def landmarks_file(path, *names):
    """JSON lines with faces of the golden frames."""
    points = np.load(MERGE / "landmarks.npz")
    path.write_text("".join(json.dumps({"frame": "a.png", "score": 0.5, "landmarks": points[name].tolist()}) + "\n"
                            for name in names))
    return path


def frame_commands(examples):
    return {"cpp": [examples / "composite"], "python": [sys.executable, ROOT / "examples/python/swap_frame.py"]}


def test_composite_swaps_a_face(examples, tmp_path):
    source = MERGE / "frame_A.png"
    landmarks, out, mask = landmarks_file(tmp_path / "a.json", "A"), tmp_path / "out.png", tmp_path / "mask.png"
    text = run(examples / "composite", MODEL, source, landmarks, out, "--mask", mask, env=ENVIRONMENT)
    frame, found, weight = pixels(source), pixels(out), np.asarray(Image.open(mask))
    assert text == f"1 face, {frame.shape[1]} x {frame.shape[0]}: {out}\n"
    assert found.shape == frame.shape and weight.shape == frame.shape[:2]
    changed = (found != frame).any(-1)
    # A mask below 1/255 is none, and 1/255 rounds to 1.
    assert (weight > 0).sum() > 1000 and (changed & (weight > 0)).sum() > 500
    assert not changed[weight == 0].any() and (weight == 0).sum() > weight.size / 2
    for path in (out, mask):
        data = path.read_bytes()
        assert XMP_COMPOSITE in data and XMP_TYPE not in data

    # Another blend is another picture, but not outside the mask.
    run(examples / "composite", MODEL, source, landmarks, tmp_path / "seamless.png", "--seamless", env=ENVIRONMENT)
    seamless = pixels(tmp_path / "seamless.png")
    assert (seamless != found).any() and (seamless[weight == 0] == frame[weight == 0]).all()

    # Frame and result side by side.
    run(examples / "composite", "--preview", MODEL, source, landmarks, tmp_path / "both.png", env=ENVIRONMENT)
    both, width = pixels(tmp_path / "both.png"), frame.shape[1]
    assert both.shape == (frame.shape[0], 2 * width, 3)
    assert (both[:, :width] == frame).all() and (both[:, width:] == found).all()
    assert XMP_COMPOSITE in (tmp_path / "both.png").read_bytes()


@pytest.mark.parametrize("language", ["cpp", "python"])
def test_frame_example_swaps_all_faces(examples, tmp_path, language):
    command, source = frame_commands(examples)[language], MERGE / "frame_D.png"
    pictures = []
    for names in (["D0", "D1"], ["D0"], ["D1"]):
        landmarks = landmarks_file(tmp_path / "faces.json", *names)
        out = tmp_path / f"{len(pictures)}.png"
        assert f"{len(names)} face" in run(*command, MODEL, source, landmarks, out, env=ENVIRONMENT)
        assert XMP_COMPOSITE in out.read_bytes()
        pictures.append(pixels(out))
    frame = pixels(source)
    both, left, right = ((picture != frame).any(-1) for picture in pictures)
    assert left.sum() > 500 and right.sum() > 500 and (left != right).any()
    assert (both == (left | right)).mean() > 0.99 and not both[~(left | right)].any()


def test_frame_examples_agree(examples, tmp_path):
    landmarks = landmarks_file(tmp_path / "faces.json", "D0", "D1")
    for language, command in frame_commands(examples).items():
        run(*command, MODEL, MERGE / "frame_D.png", landmarks, tmp_path / f"{language}.png", env=ENVIRONMENT)
    assert (pixels(tmp_path / "cpp.png") == pixels(tmp_path / "python.png")).all()
    # A list of objects is the same, and the port's model is told a face type.
    points = np.load(MERGE / "landmarks.npz")
    landmarks.write_text(json.dumps([{"landmarks": points[name].tolist()} for name in ("D0", "D1")], indent=1))
    for language, command in frame_commands(examples).items():
        out = tmp_path / f"{language}_list.png"
        run(*command, MODEL, MERGE / "frame_D.png", landmarks, out, env=ENVIRONMENT)
        assert (pixels(out) == pixels(tmp_path / "cpp.png")).all()
        run(*command, NETWORKS / "torch-dt/ckpts_7.pt", MERGE / "frame_D.png", landmarks, out, env=ENVIRONMENT)
        assert (pixels(out) != pixels(tmp_path / "cpp.png")).any()


BROKEN_LANDMARKS = {
    "empty": ("", None), "no JSON": ("landmarks", None), "cut off": ('{"landmarks": [[1, 2], [3', None),
    "text": ('{"landmarks": "none"}', None), "odd": ('{"landmarks": [[1, 2], [3]]}', None),
    "sign": ('{"landmarks": [[-, -], [1, 2]]}', None), "other key": ('{"points": [[1, 2]]}', None),
    "no points": ('{"landmarks": []}', None),
    "67 points": (json.dumps({"landmarks": [[i, i * i] for i in range(67)]}), "67 points"),
    "on a line": (json.dumps({"landmarks": [[i, i] for i in range(68)]}), "LIAE_ERROR_INVALID_ARGUMENT"),
    "outside": (json.dumps({"landmarks": [[9000 + i % 9, 9000 + i // 9] for i in range(68)]}), "outside the frame"),
    "huge": (json.dumps({"landmarks": [[1e300, 2]] * 68}), "LIAE_ERROR_INVALID_ARGUMENT"),
}


@pytest.mark.parametrize("language", ["cpp", "python"])
@pytest.mark.parametrize("kind", BROKEN_LANDMARKS)
def test_frame_example_refuses_landmarks(examples, tmp_path, language, kind):
    text, message = BROKEN_LANDMARKS[kind]
    landmarks, out = tmp_path / "broken.json", tmp_path / "out.png"
    landmarks.write_text(text)
    said = run(*frame_commands(examples)[language], MODEL, MERGE / "frame_A.png", landmarks, out, env=ENVIRONMENT,
               status=1)
    assert len(said.strip()) > 10 and "Traceback" not in said
    assert message is None or message in said
    assert not out.exists()


@pytest.mark.parametrize("language", ["cpp", "python"])
def test_frame_example_refuses_files(examples, tmp_path, language):
    command, out = frame_commands(examples)[language], tmp_path / "out.png"
    landmarks, broken = landmarks_file(tmp_path / "a.json", "A"), tmp_path / "broken.png"
    broken.write_bytes((MERGE / "frame_A.png").read_bytes()[:3000])
    for model, frame, points, name in [
        ("no/such/model", MERGE / "frame_A.png", landmarks, "no/such/model"),
        (MODEL, tmp_path / "missing.png", landmarks, "missing.png"), (MODEL, broken, landmarks, None),
        (MODEL, landmarks, landmarks, "a.json"), (MODEL, MERGE / "frame_A.png", tmp_path / "missing.json", "missing.json"),
    ]:
        said = run(*command, model, frame, points, out, env=ENVIRONMENT, status=1)
        assert len(said.strip()) > 10 and "Traceback" not in said
        assert name is None or name in said
        assert not out.exists()
    nowhere = tmp_path / "no/such/folder.png"
    assert "folder.png" in run(*command, MODEL, MERGE / "frame_A.png", landmarks, nowhere, env=ENVIRONMENT, status=1)


def test_composite_usage(examples, tmp_path):
    landmarks, out = landmarks_file(tmp_path / "a.json", "A"), tmp_path / "out.png"
    for arguments in ([], [MODEL], [MODEL, MERGE / "frame_A.png", landmarks], ["--help"],
                      [MODEL, MERGE / "frame_A.png", landmarks, out, "--mask"], ["--no", MODEL, landmarks, out],
                      [MODEL, MERGE / "frame_A.png", landmarks, "--preview", out, "more"]):
        assert "usage: " in run(examples / "composite", *arguments, env=ENVIRONMENT, status=2)
    assert not out.exists()
