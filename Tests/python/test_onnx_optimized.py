# SPDX-License-Identifier: Apache-2.0
"""DeepFaceLab's exports as optimisers leave them: the same network with the same weights.

Needs onnxruntime; onnxsim where there is one. LIAE_INFER names the program.
"""
import json
import os
import subprocess

import golden_data
import pytest

pytestmark = pytest.mark.golden
PROGRAM = os.environ.get("LIAE_INFER", str(golden_data.ROOT / "build/liae-infer"))
EXPORTS = [export for network in golden_data.EVERYTHING for export in network.exports]


def inspected(path):
    done = subprocess.run([PROGRAM, "inspect", "--json", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {key: found[key] for key in ("hash", "architecture", "resolution")}


def by_onnxruntime(source, target):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: its optimiser is not proved")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def by_onnxsim(source, target):
    onnxsim = pytest.importorskip("onnxsim", reason="onnxsim is not installed: files that it simplifies are not proved")
    import onnx
    model, is_same = onnxsim.simplify(str(source))
    assert is_same
    onnx.save(model, str(target))


@pytest.mark.parametrize("optimize", [by_onnxruntime, by_onnxsim])
@pytest.mark.parametrize("export", EXPORTS, ids=str)
def test_an_optimised_export_is_the_same_network(export, optimize, tmp_path):
    target = tmp_path / "optimised.onnx"
    optimize(export.path, target)
    assert inspected(target) == inspected(export.path)
