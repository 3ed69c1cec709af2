# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel of the Python package with the shared library inside; needs Python and objdump.

    build_wheel.py --library build/libliae.so.0.1.0 --version 0.1.0-dev --output build/wheel

The platform tag is computed from the symbol versions that the library asks for, so that pip refuses the wheel where the
library would not load. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import pathlib
import re
import struct
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SONAME = re.search(r'^NAME = "(.+)"$', (HERE / "liae/_library.py").read_text(), re.M).group(1)

# PEP 600 with the policies of auditwheel: the newest versions of each library that a tag promises.
POLICIES = {
    (2, 17): {"GLIBC": (2, 17), "GLIBCXX": (3, 4, 19), "CXXABI": (1, 3, 7), "GCC": (4, 8, 0)},
    (2, 28): {"GLIBC": (2, 28), "GLIBCXX": (3, 4, 24), "CXXABI": (1, 3, 11), "GCC": (7, 0, 0)},
    (2, 31): {"GLIBC": (2, 31), "GLIBCXX": (3, 4, 28), "CXXABI": (1, 3, 12), "GCC": (7, 0, 0)},
    (2, 34): {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (7, 0, 0)},
    (2, 35): {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12, 0, 0)},
    (2, 36): {"GLIBC": (2, 36), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12, 0, 0)},
    (2, 38): {"GLIBC": (2, 38), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12, 0, 0)},
    (2, 39): {"GLIBC": (2, 39), "GLIBCXX": (3, 4, 33), "CXXABI": (1, 3, 15), "GCC": (14, 0, 0)},
    (2, 41): {"GLIBC": (2, 41), "GLIBCXX": (3, 4, 33), "CXXABI": (1, 3, 15), "GCC": (14, 0, 0)},
}
# Libraries that every system of these tags has.
SYSTEM = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libgcc_s.so.1", "libstdc++.so.6",
          "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
MACHINES = {62: "x86_64", 183: "aarch64"}


def platform_tag(library: pathlib.Path) -> str:
    """manylinux_X_Y_MACHINE for what the library asks of the system; SystemExit where there is no such tag."""
    header = library.read_bytes()[:20]
    machine = MACHINES.get(struct.unpack("<H", header[18:20])[0]) if header[:4] == b"\x7fELF" else None
    if machine is None:
        sys.exit(f"build_wheel: {library} is not a shared library for {' or '.join(MACHINES.values())}")
    text = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True).stdout
    foreign = set(re.findall(r"^\s+NEEDED\s+(\S+)$", text, re.M)) - SYSTEM
    if foreign:
        sys.exit(f"build_wheel: {library} needs {', '.join(sorted(foreign))}, which systems may not have")
    wanted = [(name, tuple(map(int, version.split("."))))
              for name, version in re.findall(r"\b(GLIBC|GLIBCXX|CXXABI|GCC)_(\d[\d.]*)$", text, re.M)]
    for (major, minor), newest in POLICIES.items():
        if all(version <= newest[name] for name, version in wanted):
            return f"manylinux_{major}_{minor}_{machine}"
    sys.exit(f"build_wheel: {library} asks for newer symbols than any tag promises: {max(wanted)}")


def python_version(version: str) -> str:
    """0.1.0-dev as PEP 440 spells it: 0.1.0.dev0."""
    number, _, suffix = version.partition("-")
    if not re.fullmatch(r"\d+(\.\d+)*", number) or suffix not in ("", "dev"):
        sys.exit(f"build_wheel: the version is {version!r}; expected digits with points, and perhaps -dev")
    return number + (".dev0" if suffix else "")


def metadata(version: str, licenses: list[str]) -> str:
    lines = [
        "Metadata-Version: 2.4", "Name: liae", f"Version: {version}",
        "Summary: LIAE, DF and AMP face-swap autoencoders on the CPU: checkpoints, faces and frames",
        "License-Expression: Apache-2.0", *(f"License-File: {name}" for name in licenses), "Requires-Python: >=3.9",
        "Requires-Dist: numpy>=1.22", "Classifier: Operating System :: POSIX :: Linux", "Classifier: Typing :: Typed",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + (HERE / "README.md").read_text(encoding="utf-8")


def contents(library: pathlib.Path, version: str, tag: str) -> dict[str, tuple[bytes, int]]:
    """Bytes and mode of every file of the wheel but RECORD, by name."""
    info = f"liae-{version}.dist-info"
    files = {f"liae/{path.name}": (path.read_bytes(), 0o644)
             for path in sorted((HERE / "liae").iterdir()) if path.suffix == ".py" or path.name == "py.typed"}
    files[f"liae/{SONAME}"] = (library.read_bytes(), 0o755)
    licenses = [name for name in ("LICENSE", "NOTICE") if (HERE.parent / name).exists()]
    for name in licenses:
        files[f"{info}/licenses/{name}"] = ((HERE.parent / name).read_bytes(), 0o644)
    files[f"{info}/METADATA"] = (metadata(version, licenses).encode(), 0o644)
    wheel = f"Wheel-Version: 1.0\nGenerator: libliae build_wheel\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n"
    files[f"{info}/WHEEL"] = (wheel.encode(), 0o644)
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=pathlib.Path, required=True, help="the shared library, stripped")
    parser.add_argument("--version", required=True, help="as the library's, such as 0.1.0-dev")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for the wheel")
    arguments = parser.parse_args()
    version, tag = python_version(arguments.version), platform_tag(arguments.library)
    files = contents(arguments.library, version, tag)
    record = f"liae-{version}.dist-info/RECORD"
    rows = []
    for name, (data, _) in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}\n")
    files[record] = ("".join([*rows, f"{record},,\n"]).encode(), 0o644)

    arguments.output.mkdir(parents=True, exist_ok=True)
    for old in arguments.output.glob("liae-*.whl"):
        old.unlink()
    path = arguments.output / f"liae-{version}-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (data, mode) in files.items():
            entry = zipfile.ZipInfo(name)  # 1980-01-01, so that the same input gives the same bytes
            entry.external_attr, entry.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    print(path)


if __name__ == "__main__":
    main()
