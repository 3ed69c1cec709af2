# SPDX-License-Identifier: Apache-2.0
"""Writes one model in the format of every engine, with its input and its results in float64.

In the folder: face.npy (1, 3, side, side), truth.npz (rgb, mask, dst_mask), model.safetensors for libliae, and for each
question (`swap` and `swap_dst`, without and with the mask of the destination) QUESTION.onnx, .pt and .ncnn.param, .bin.
Names of questions are words to pnnx, which makes file names of them.
"""

import contextlib
import glob
import io
import os
import subprocess
import sys
import warnings

import numpy as np

OUTPUTS = {"swap": ["rgb", "mask"], "swap_dst": ["rgb", "mask", "dst_mask"]}


def face(side):
    y, x = np.mgrid[0:side, 0:side] / side
    waves = [0.5 + 0.4 * np.sin(6 * (u * x + v * y)) for u, v in ((1, 2), (3, 0.5), (0.3, 2.2))]
    return np.stack(waves).astype(np.float32)[None].copy()


def export(folder, shape, say):
    """Fills the folder with what is not there yet. `shape`: opts, resolution, e, ae, d, dm of network.LIAE."""
    import torch
    from safetensors.torch import save_file
    from network import LIAE

    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)
    image = face(shape["resolution"])
    np.save(path("face.npy"), image)
    image = torch.from_numpy(image)

    def make(name, write):
        """Writes through a second name, so that an interrupted run leaves no half file."""
        if not os.path.exists(path(name)):
            say(f"writing {path(name)}")
            write(path("new-" + name))
            os.replace(path("new-" + name), path(name))

    def float64(target):
        with torch.inference_mode():
            results = LIAE(**shape).randomize().double()(image.double())
        np.savez(target, **{name: value.numpy()[0] for name, value in zip(OUTPUTS["swap_dst"], results)})

    make("truth.npz", float64)
    models = {}
    for question in OUTPUTS:
        models[question] = LIAE(**shape, dst_mask=question == "swap_dst").randomize()
    make("model.safetensors", lambda target: save_file(
        {name: value.contiguous() for name, value in models["swap_dst"].state_dict().items()}, target))
    for question, model in models.items():
        with torch.inference_mode(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            make(f"{question}.onnx", lambda target: torch.onnx.export(
                model, (image,), target, input_names=["face"], output_names=OUTPUTS[question], dynamo=False,
                opset_version=17))
            make(f"{question}.pt", lambda target: torch.jit.trace(model, (image,)).save(target))
        if not os.path.exists(path(f"{question}.ncnn.bin")):
            say(f"writing {path(question)}.ncnn.bin")
            ncnn(folder, question, shape["resolution"])


def ncnn(folder, question, side):
    """Runs pnnx, which crashes as often as not, at random: of a dozen tries, on either file, one works."""
    program = os.path.join(os.path.dirname(sys.executable), "pnnx")
    result = os.path.join(folder, f"{question}.ncnn.bin")
    for attempt in range(12):
        source = f"{question}.{'onnx' if attempt % 2 else 'pt'}"
        try:
            status = subprocess.run([program, source, f"inputshape=[1,3,{side},{side}]", "fp16=0"], cwd=folder,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
        except OSError:
            break
        for leftover in glob.glob(os.path.join(folder, "*pnnx*")) + glob.glob(os.path.join(folder, "*_ncnn.py")):
            os.remove(leftover)
        if status == 0 and os.path.exists(result):
            return
        # What a crash has left is not whole.
        with contextlib.suppress(OSError):
            os.remove(result)
    print(f"pnnx made no {result}: ncnn is left out", file=sys.stderr)
