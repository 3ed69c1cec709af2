# SPDX-License-Identifier: Apache-2.0
"""One engine in a process of its own: `engines.py ENGINE FOLDER QUESTION THREADS`, questions as in export.py.

Opens the model, runs it, and prints a line of JSON: version, open_s (opening and first result, without imports),
resident_mb and peak_mb (what the process has grown by since numpy was there). Then answers lines: `run` with the
milliseconds of one run, `save PATH` with `ok` after writing the results to an .npz file.
"""

import json
import os
import sys
import time

import numpy as np

from export import OUTPUTS


def torch(folder, question, face, threads):
    import torch
    torch.set_num_threads(threads)
    yield torch.__version__
    model = torch.jit.load(f"{folder}/{question}.pt")
    tensor = torch.from_numpy(face)

    def run():
        with torch.inference_mode():
            return [result.numpy() for result in model(tensor)]
    yield run


def onnxruntime(folder, question, face, threads):
    import onnxruntime
    yield onnxruntime.__version__
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(f"{folder}/{question}.onnx", options, providers=["CPUExecutionProvider"])
    yield lambda: session.run(None, {"face": face})


def openvino(folder, question, face, threads, precision="f32"):
    import openvino
    yield openvino.__version__.split("-")[0]
    model = openvino.Core().compile_model(f"{folder}/{question}.onnx", "CPU", {
        "INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads})
    yield lambda: [np.array(value) for value in model(face).values()]


def openvino_bf16(*arguments):
    return openvino(*arguments, precision="bf16")


def ncnn(folder, question, face, threads):
    import ncnn
    yield ncnn.__version__
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(f"{folder}/{question}.ncnn.param") or net.load_model(f"{folder}/{question}.ncnn.bin"):
        raise RuntimeError("the model cannot be loaded")

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(face[0]).clone())
        return [np.array(extractor.extract(f"out{i}")[1]) for i in range(len(OUTPUTS[question]))]
    yield run


def libliae(folder, question, face, threads):
    import liae  # the folder python
    yield liae.version()
    with open(f"{folder}/shape.json") as file:
        architecture = "liae-" + json.load(file)["opts"]
    # Colours are the network's own, so that nothing is swapped on the way.
    model = liae.Model(f"{folder}/model.safetensors", architecture=architecture, color_order="bgr", threads=threads)
    context = liae.Context(model, threads=threads)
    pixels = np.ascontiguousarray(face[0].transpose(1, 2, 0))
    yield lambda: context.run(pixels, order="bgr", outputs=OUTPUTS[question])


def megabytes(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":")) / 1e3


def main():
    name, folder, question, threads = sys.argv[1:]
    # What an engine prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    face = np.load(f"{folder}/face.npy")
    before = megabytes("VmRSS")
    engine = globals()[name](folder, question, face, int(threads))
    version = next(engine)
    start = time.perf_counter()
    run = next(engine)
    run()
    seconds = time.perf_counter() - start
    for _ in range(2):
        run()
    print(json.dumps({"version": version, "open_s": seconds, "resident_mb": megabytes("VmRSS") - before,
                      "peak_mb": megabytes("VmHWM") - before}), file=answers)
    for line in sys.stdin:
        word, _, path = line.strip().partition(" ")
        if word == "run":
            start = time.perf_counter()
            run()
            print((time.perf_counter() - start) * 1e3, file=answers)
        elif word == "save":
            pictures = dict(zip(OUTPUTS[question], (np.squeeze(value) for value in run())))
            if pictures["rgb"].shape[-1] == 3:
                pictures["rgb"] = pictures["rgb"].transpose(2, 0, 1)
            np.savez(path, **pictures)
            print("ok", file=answers)


if __name__ == "__main__":
    main()
