#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes Fixtures/exports.npz: ONNX files of small networks that are written and exported in many ways, and what
onnxruntime computes of them.

Needs torch 2.13 (CPU), onnx, onnxscript, onnxruntime 1.32 and onnxsim 0.8. Tests/python/exported_networks.py has the
networks. Arrays for every case: NAME.onnx (the bytes of the file), NAME.about (architecture, flavour and SHA-256 of the
canonical weights, a text each), NAME.network (a number N that cases of one network share). For every network: N.face
(uint8), and float32 N.rgb, N.mask, N.destination as onnxruntime computes them; for AMP at the morph value of N.morph. Two
files of a network whose pictures differ by more than 2e-6 are an error (half precision is a network of its own).
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "python"))
import exported_networks as networks  # noqa: E402

OUT = HERE / "Fixtures" / "exports.npz"
MORPH = 0.58  # 6 channels: three of one code, three of the other


def strip(path):
    """Takes out what the exporter says of the Python code, which is more than the graph."""
    model = onnx.load(path)
    for part in [*model.graph.node, *model.graph.value_info, model.graph, model]:
        del part.metadata_props[:]
    del model.graph.value_info[:]
    onnx.save(model, path)


def main():
    OUT.parent.mkdir(exist_ok=True)
    arrays, known = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for case in networks.fixtures():
            path = Path(folder) / f"{case.name}.onnx"
            canonical = case.export(path)
            strip(path)
            weights = canonical if "destination_rgb" in case.style.order else networks.stored(case.a, canonical)
            flavour = case.a.flavour if "d" in case.a.letters else "dfl"
            number = known.setdefault((case.a, case.seed, case.morph, case.half), len(known))
            arrays[f"{case.name}.onnx"] = np.frombuffer(path.read_bytes(), np.uint8)
            arrays[f"{case.name}.about"] = np.array([case.a.name, flavour, networks.digest(weights)])
            arrays[f"{case.name}.network"] = np.array([number])
            arrays[f"{number}.face"] = networks.face(case.a)
            if case.a.family == "amp":
                arrays[f"{number}.morph"] = np.array([MORPH if case.morph else 1], np.float32)
            for output, value in networks.run(case, path, morph=MORPH).items():
                name, value = f"{number}.{output}", value[:1]
                if name in arrays:
                    assert np.abs(arrays[name] - value).max() < 2e-6, (case.name, output)
                arrays.setdefault(name, value)
            print(case.name, path.stat().st_size)
    np.savez_compressed(OUT, **arrays)
    print(OUT.stat().st_size, "bytes")


main()
