# SPDX-License-Identifier: Apache-2.0
"""A recipe trained here and in PyTorch, from the same weights, for as many iterations, and both measured by
`liae-train evaluate`: `make bench-quality` (needs a Python with torch: TORCH_PYTHON).

Rendered persons a and b, liae-udt of the PyTorch port, its criterion, Adam. Samples for PyTorch come from
`liae-train samples`, so that warps and masks are the same; which samples come when is not.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))

from network import LIAE  # noqa: E402
from training import side_loss, window  # noqa: E402

PROGRAM = os.path.join(ROOT, "build", "liae-train")
DIMS = dict(resolution=64, e=16, ae=32, d=16, dm=8)
BATCH = 8


def liae_train(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], check=True, text=True, **options)


def samples(folder, seed, count):
    """Batches (warped, target, mask, eyes and mouth) as tensors (count, channels, side, side)."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [PROGRAM, "samples", "--src", folder, "--resolution", str(DIMS["resolution"]), "--batch-size", str(BATCH),
         "--seed", str(seed), "--batches", str(count), "--raw", f"/dev/fd/{writer}"],
        pass_fds=[writer], stdout=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        for _ in range(count):
            planes = []
            for channels in (3, 3, 1, 1):
                shape = (BATCH, DIMS["resolution"], DIMS["resolution"], channels)
                values = np.frombuffer(pipe.read(4 * int(np.prod(shape))), np.float32).reshape(shape)
                planes.append(torch.from_numpy(values.transpose(0, 3, 1, 2).copy()))
            yield planes
    process.wait()


def blurred(mask):
    """The mask of masked training: clip(blur(mask), 0, 0.5) * 2."""
    sigma = max(1, mask.shape[2] // 32)
    size = max(3, int(4 * sigma))
    size += 1 - size % 2
    x = torch.arange(size, dtype=torch.float32) - size // 2
    g = torch.exp(-x * x / (2 * sigma * sigma))
    kernel = torch.outer(g, g)
    kernel = (kernel / kernel.sum())[None, None]
    return torch.nn.functional.conv2d(mask, kernel, padding=size // 2).clamp(0, 0.5) * 2


def train(network, folder, iterations, rate):
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    filters = window(DIMS["resolution"])
    n = BATCH
    feeds = zip(samples(f"{folder}/src/aligned", 11, iterations), samples(f"{folder}/dst/aligned", 12, iterations))
    for source, destination in feeds:
        code = network.encoder(torch.cat([source[0], destination[0]]))
        ab, b = network.inter_AB(code), network.inter_B(code[n:])
        codes = torch.cat([torch.cat([ab[:n], ab[:n]], 1), torch.cat([b, ab[n:]], 1)])
        picture, mask = network.decoder.rgb(codes), network.decoder.mask(codes)
        total = 0
        for part, (_, target, face, eyes) in ((slice(0, n), source), (slice(n, 2 * n), destination)):
            total = total + side_loss(picture[part], mask[part], target, face, eyes, blurred(face), filters)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()


def report(title, iterations, seconds, model):
    done = liae_train("evaluate", "--model", model, "--count", 64, "--json", stdout=subprocess.PIPE)
    print(f"{title}: {iterations} iterations in {seconds:.0f} s; {json.dumps(json.loads(done.stdout))}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--folder", default=os.path.join(ROOT, "build", "quality"))
    arguments = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(1)
    folder = arguments.folder
    os.makedirs(folder, exist_ok=True)
    for side, identity, seed in (("src", "a", 1), ("dst", "b", 2)):
        if not os.path.exists(f"{folder}/{side}/aligned"):
            liae_train("synth", "--identity", identity, "--count", 500, "--seed", seed, "--size", 128, "--no-frames",
                       "--output", f"{folder}/{side}", stdout=subprocess.DEVNULL)
    network = LIAE("udt", **DIMS)
    torch.save(network.state_dict(), f"{folder}/start.pt")

    start = time.time()
    subprocess.run(["rm", "-rf", f"{folder}/model"], check=True)
    liae_train("train", "--src", f"{folder}/src/aligned", "--dst", f"{folder}/dst/aligned", "--model", f"{folder}/model",
               "--init", f"{folder}/start.pt", "--face-type", "wf", "--criterion", "torch", "--optimizer", "adam",
               "--learning-rate", arguments.rate, "--eyes-mouth-prio", "--no-random-dst-flip", "--batch-size", BATCH,
               "--target-iter", arguments.iterations, "--preview-every", 0, stdout=subprocess.DEVNULL,
               stderr=subprocess.DEVNULL)
    report("liae-train", arguments.iterations, time.time() - start, f"{folder}/model")
    start = time.time()
    train(network, folder, arguments.iterations, arguments.rate)
    torch.save(network.state_dict(), f"{folder}/end.pt")
    report("PyTorch", arguments.iterations, time.time() - start, f"{folder}/end.pt")


if __name__ == "__main__":
    main()
