#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""loops.py OBJECT: the inner loops of the kernels that multiply keep their sums in registers.

Disassembles the NEON module. In convolution sums and dense layers every innermost loop with 8 or more vector fmla must
leave the stack alone, and both convolutions must have the loop of the largest tile: two steps of 5 rows by 4 registers.
"""
import re
import subprocess
import sys

KERNELS = {"direct": 40, "panelProduct": 40, "denseRows": 16, "denseColumns": 8}


def functions(text):
    """Name and instructions, (address, text), of each function."""
    name, body = None, []
    for line in text.splitlines():
        if head := re.match(r"[0-9a-f]+ <(.*)>:", line):
            if name:
                yield name, body
            name, body = head[1], []
        elif instruction := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
            body.append((int(instruction[1], 16), instruction[2]))
    if name:
        yield name, body


def innermost_loops(body):
    """Instructions from the target of each branch backwards to the branch, where no other such loop lies within."""
    index = {address: i for i, (address, _) in enumerate(body)}
    spans = []
    for i, (_, text) in enumerate(body):
        if branch := re.match(r"(?:b\.\w+|b|cbn?z|tbn?z)\s.*?([0-9a-f]+) <", text):
            start = index.get(int(branch[1], 16), len(body))
            if start <= i:
                spans.append((start, i))
    for span in spans:
        if not any(other != span and span[0] <= other[0] and other[1] <= span[1] for other in spans):
            yield [text for _, text in body[span[0]:span[1] + 1]]


def main():
    text = subprocess.run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", sys.argv[1]], check=True,
                          capture_output=True, text=True).stdout
    wrong, largest, counted = [], dict.fromkeys(KERNELS, 0), 0
    for name, body in functions(text):
        kernel = next((k for k in KERNELS if re.search(rf"\d{k}_", name)), None)
        if kernel is None:
            continue
        for loop in innermost_loops(body):
            products = sum(bool(re.match(r"fmla\s+v\d+\.4s", i)) for i in loop)
            stack = sum("[sp" in i or "[x29" in i for i in loop)
            if products < 8:
                continue
            counted += 1
            largest[kernel] = max(largest[kernel], products)
            if stack:
                wrong.append(f"{kernel}: a loop of {products} fmla touches the stack {stack} times")
    wrong += [f"{k}: the largest loop has {largest[k]} fmla; expected {least}" for k, least in KERNELS.items()
              if largest[k] < least]
    for line in wrong:
        print(f"loops: {line}", file=sys.stderr)
    total = len(re.findall(r"\sfmla\s+v\d+\.4s", text))
    print(f"loops: {total} vector fmla; {counted} inner loops of convolutions and dense layers, of up to "
          f"{max(largest.values())} fmla{'' if wrong else ', none of which touches the stack'}")
    sys.exit(bool(wrong))


main()
