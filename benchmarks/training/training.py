# SPDX-License-Identifier: Apache-2.0
"""An iteration of training beside PyTorch's: `make bench-train` (needs a Python with torch: TORCH_PYTHON).

Same network (the PyTorch port's flavour), same criterion, same optimiser (PyTorch's RMSprop), random faces. Both run
in processes of their own, an iteration each in turn: what disturbs the machine disturbs both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))

MODELS = {
    "liae-udt-64": dict(opts="udt", resolution=64, e=32, ae=128, d=32, dm=16, batch=8),
    "liae-ud-128": dict(opts="ud", resolution=128, e=64, ae=256, d=64, dm=22, batch=4),
    "liae-udt-128": dict(opts="udt", resolution=128, e=64, ae=256, d=64, dm=22, batch=4),
}


def window(resolution):
    import torch

    size = int(resolution / 11.6)
    x = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    g = torch.exp(-x * x / (2 * 1.5 * 1.5))
    g = (g / g.sum()).float()
    return torch.outer(g, g).expand(3, 1, size, size).contiguous()


def dssim(a, b, window):
    import torch
    import torch.nn.functional as F

    blur = lambda x: F.conv2d(x, window, groups=3)
    ma, mb = blur(a), blur(b)
    va, vb = blur(a * a) - ma * ma + 1e-6, blur(b * b) - mb * mb + 1e-6
    cov = blur(a * b) - ma * mb + 1e-6
    ssim = (2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4) * (2 * cov + 9e-4) / (va + vb + 9e-4)
    return (1 - torch.clamp(ssim, min=0).mean()) / 2


def side_loss(picture, mask, target, face, eyes, seen, filters):
    """The PyTorch port's criterion of one side; the middle counts where the heads read without padding."""
    edge = (target.shape[2] - picture.shape[2]) // 2
    inside = slice(edge, target.shape[2] - edge)
    target, seen, eyes = (x[:, :, inside, inside] for x in (target, seen, eyes))
    a, b = picture * seen, target * seen
    return (5 * dssim(a, b, filters) + 10 * ((a - b) ** 2).mean() + 10 * ((mask - face) ** 2).mean()
            + 300 * ((picture - target) * eyes).abs().mean())


def train(model, threads):
    """Answers each line of standard input with the milliseconds of an iteration."""
    import torch

    from network import LIAE

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    network = LIAE(model["opts"], model["resolution"], model["e"], model["ae"], model["d"], model["dm"])
    optimizer = torch.optim.RMSprop(network.parameters(), lr=5e-5)
    n, side = model["batch"], model["resolution"]
    faces = [torch.rand(n, 3, side, side) for _ in range(4)]
    masks = [torch.rand(n, 1, side, side) for _ in range(4)]
    filters = window(side)

    for _ in sys.stdin:
        start = time.perf_counter()
        code = network.encoder(torch.cat(faces[:2]))
        ab, b = network.inter_AB(code), network.inter_B(code[n:])
        codes = torch.cat([torch.cat([ab[:n], ab[:n]], 1), torch.cat([b, ab[n:]], 1)])
        picture, mask = network.decoder.rgb(codes), network.decoder.mask(codes)
        total = (side_loss(picture[:n], mask[:n], faces[2], masks[0], masks[1], masks[0], filters)
                 + side_loss(picture[n:], mask[n:], faces[3], masks[2], masks[3], masks[2], filters))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        print(f"{(time.perf_counter() - start) * 1e3:.2f}", flush=True)


class Contestant:
    def __init__(self, command):
        self.times = []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def iterate(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("an iteration failed")
        return float(line)

    def memory(self):
        """Most resident bytes, in MB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare(name, rounds, threads):
    model = MODELS[name]
    ours = [os.path.join(ROOT, "build", "liae-train"), "bench", "--wait", "--rounds", "99999", "--threads",
            str(threads), "--arch", f"liae-{model['opts']}", "--flavour", "torch", "--criterion", "torch",
            "--optimizer", "rmsprop-torch", "--eyes-mouth-prio", "--resolution", str(model["resolution"]),
            "--e-dims", str(model["e"]), "--ae-dims", str(model["ae"]), "--d-dims", str(model["d"]),
            "--d-mask-dims", str(model["dm"]), "--batch-size", str(model["batch"])]
    theirs = [sys.executable, os.path.abspath(__file__), "--child", name, "--threads", str(threads)]
    contestants = [Contestant(ours), Contestant(theirs)]
    for round in range(rounds + 3):
        for contestant in contestants:
            # The threads of the one before may still be waiting awake.
            time.sleep(0.1)
            milliseconds = contestant.iterate()
            if round >= 3:
                contestant.times.append(milliseconds)
    medians = []
    for title, contestant in zip(("liae-train", "PyTorch"), contestants):
        medians.append(statistics.median(contestant.times))
        print(f"{name}, batch {model['batch']}: {title:11} median {medians[-1]:7.1f} ms, least "
              f"{min(contestant.times):7.1f}, most {max(contestant.times):7.1f}, memory {contestant.memory():5.0f} MB")
        contestant.end()
    print(f"{name}: {medians[0] / medians[1]:.2f} of PyTorch's time", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="model", help=", ".join(MODELS))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return train(MODELS[arguments.child], arguments.threads)
    unknown = [name for name in arguments.models if name not in MODELS]
    if unknown:
        parser.error(f"unknown model {unknown[0]}; expected {', '.join(MODELS)}")
    for name in arguments.models or MODELS:
        compare(name, arguments.rounds, arguments.threads)


if __name__ == "__main__":
    main()
