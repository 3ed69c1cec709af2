# SPDX-License-Identifier: Apache-2.0
"""The power is cut in the middle of a training of either kind, and of a merge: what was not synced is gone, and the work goes
on to the same result.

After the cut the folder is made anew from what was durable, in two ways that file systems know: names and bytes that were
not synced are both lost; or names have reached the disk, and bytes that were not synced are not there.
LIAE_LONG_TESTS=1 cuts at every change.
"""
import hashlib
import json
import os
import shutil
import subprocess

import pytest
from conftest import FACES, NETWORKS, PROGRAM, ROOT, TRAINER

LONG = os.environ.get("LIAE_LONG_TESTS") == "1"
MERGE = ROOT / "Tests/golden/merge"


@pytest.fixture(scope="module")
def preload(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "power_cut.so"
    subprocess.run(["cc", "-std=c11", "-O1", "-shared", "-fPIC", ROOT / "Tests/cli/power_cut.c", "-ldl", "-lpthread", "-o",
                    library], check=True)
    return library


def start(command, folder, preload=None, shadow=None, cut=None):
    environment = dict(os.environ)
    if preload:
        environment |= {"LD_PRELOAD": str(preload), "LIAE_TEST_ROOT": str(folder), "LIAE_TEST_SHADOW": str(shadow)}
        if cut is not None:
            environment["LIAE_TEST_CUT"] = str(cut)
    return subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=300,
                          env=environment)


def restore(folder, shadow, target, keeps_names):
    """The folder as it is found when the machine is started again."""
    target.mkdir()
    names = {}
    listing = shadow / "folders" / str(folder.stat().st_ino)
    if keeps_names or not listing.exists():
        names = {entry.name: entry.stat(follow_symlinks=False).st_ino for entry in os.scandir(folder)} if keeps_names else {}
    else:
        for line in listing.read_text().splitlines():
            inode, name = line.split(" ", 1)
            names[name] = int(inode)
    for name, inode in names.items():
        source = folder / name
        if source.is_dir() or (shadow / "folders" / str(inode)).exists():
            if source.is_dir():
                restore(source, shadow, target / name, keeps_names)
            else:
                (target / name).mkdir()
            continue
        durable = shadow / "files" / str(inode)
        (target / name).write_bytes(durable.read_bytes() if durable.exists() else b"")


def training(folder):
    return [TRAINER, "--src", FACES / "aligned", "--dst", FACES / "aligned", "--model", "model", "--arch", "liae-ud",
            "--resolution", "64", "--e-dims", "2", "--ae-dims", "4", "--d-dims", "2", "--d-mask-dims", "2", "--batch-size", "2",
            "--target-iter", "6", "--save-every", "2", "--backup-every", "2", "--backups", "2", "--threads", "1",
            "--generator-threads", "1", "--preview-every", "3", "--preview-faces", "1"]


def segmentation(folder):
    return [TRAINER, "xseg", "--faces", FACES / "aligned", "--model", "model", "--name", "model", "--resolution", "64",
            "--base-dims", "1", "--batch-size", "1", "--target-iter", "4", "--save-every", "2", "--backup-every", "2",
            "--backups", "2", "--threads", "1", "--generator-threads", "1", "--preview-every", "3", "--preview-faces", "1",
            "--memory", "memory"]


def trained(folder):
    """The weights and the optimiser after the last iteration; losses in the log, one line an iteration."""
    out = folder / "exported.safetensors"
    done = subprocess.run([PROGRAM, "convert", "--force", folder / "model", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for line in (folder / "model/model_log.jsonl").read_text().splitlines():
        json.loads(line)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def merge(folder):
    return [PROGRAM, "merge", "--model", NETWORKS / "liae-udt", "--frames", "frames", "--landmarks", "landmarks.jsonl", "--output",
            "out", "--threads", "1"]


def merged(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((folder / "out").iterdir())
            if path.suffix == ".png"}


def prepare(folder):
    folder.mkdir()
    (folder / "frames").mkdir()
    landmarks = []
    for index in range(3):
        shutil.copy(MERGE / "frame_A.png", folder / f"frames/{index:05d}.png")
        points = [[60 + index + 15 * (i % 9) + i * 7 % 5, 40 + 14 * (i // 9) + i * 3 % 4] for i in range(68)]
        landmarks.append(json.dumps({"frame": index, "landmarks": points}))
    (folder / "landmarks.jsonl").write_text("\n".join(landmarks) + "\n")


@pytest.mark.parametrize("command, result", [(training, trained), (segmentation, trained), (merge, merged)],
                         ids=["training", "segmentation", "merge"])
def test_power_cut(preload, tmp_path, command, result):
    whole = tmp_path / "whole"
    prepare(whole)
    (tmp_path / "shadow").mkdir()
    done = start(command(whole), whole, preload, tmp_path / "shadow")
    assert done.returncode == 0, done.stderr
    expected = result(whole)
    changes = int((tmp_path / "shadow/count").read_text())
    assert changes > 10
    cuts = range(changes) if LONG else sorted({round(i * (changes - 1) / 13) for i in range(14)})
    for cut in cuts:
        folder, shadow = tmp_path / f"cut{cut}", tmp_path / f"shadow{cut}"
        prepare(folder)
        shadow.mkdir()
        done = start(command(folder), folder, preload, shadow, cut)
        assert done.returncode == 137, f"cut {cut} of {changes}: {done.stderr}"
        for keeps_names in [False, True]:
            again = tmp_path / f"again{cut}{keeps_names}"
            restore(folder, shadow, again, keeps_names)
            done = start(command(again), again)
            where = f"cut {cut} of {changes}, names {'kept' if keeps_names else 'lost'}: {done.stderr[-800:]}"
            assert done.returncode == 0, where
            assert result(again) == expected, where
            shutil.rmtree(again)
        shutil.rmtree(folder)
        shutil.rmtree(shadow)
