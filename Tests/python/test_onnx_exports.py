# SPDX-License-Identifier: Apache-2.0
"""Networks that torch.onnx.export writes while the test runs: the weights that a file holds, and what it computes.

Needs torch and onnxruntime; onnxscript for the exporter of torch.export, onnxsim for files that it simplifies: what is
not installed is skipped, and said. LIAE_LONG_TESTS=1 exports every case of exported_networks.py, else those that are kept
as fixtures. LIAE_INFER names the program, LIAE_LIBRARY the library.
"""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: its exports are not proved")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: exports are not proved")

import exported_networks as networks  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("LIAE_INFER", str(ROOT / "build/liae-infer"))
os.environ.setdefault("LIAE_LIBRARY", str(ROOT / "build/libliae.so.0"))
sys.path.insert(0, str(ROOT / "python"))
import liae  # noqa: E402

CASES = networks.everything() if os.environ.get("LIAE_LONG_TESTS") == "1" else networks.fixtures()
MORPHS = [0, 0.25, 0.58, 1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_export_opens_and_computes_the_same(case, tmp_path):
    if case.dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript is not installed: the exporter of torch.export is not proved")
    if case.after == "onnxsim":
        pytest.importorskip("onnxsim", reason="onnxsim is not installed: files that it simplifies are not proved")
    path = tmp_path / "network.onnx"
    canonical = case.export(path)
    weights = canonical if "destination_rgb" in case.style.order else networks.stored(case.a, canonical)

    done = subprocess.run([PROGRAM, "inspect", "--json", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["hash"] == networks.digest(weights)
    assert found["architecture"] == case.a.name

    tolerance = 5e-3 if case.half else 2e-5
    face = networks.face(case.a).astype(np.float32) / 255
    with liae.Model(path, direct=True) as model:
        assert model.flavour == (case.a.flavour if "d" in case.a.letters else "dfl")
        for morph in MORPHS if case.morph else [1]:
            options = {"mode": "morph", "morph": morph} if case.morph else {}
            results = model.swap(face[0], order="bgr", outputs=("rgb", "mask", "dst_mask"), **options)
            expected = networks.run(case, path, morph=morph)
            for found, name in zip(results, ("rgb", "mask", "destination")):
                assert np.abs(found - expected[name][0]).max() <= tolerance, (name, morph)
