# SPDX-License-Identifier: Apache-2.0
"""What the program says of itself. LIAE_UPDATE_EXPECTED=1 rewrites the expected texts, to be read in the diff."""
import os
import platform
import re
from pathlib import Path

import pytest
from conftest import liae_infer, liae_train

EXPECTED = Path(__file__).parent / "expected"
COMMANDS = ["run", "merge", "video", "extract", "xseg", "inspect", "convert", "pack", "verify", "bench", "demo"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_as_expected(command):
    check_help(liae_infer(*filter(None, [command]), "--help"), f"help-{command or 'root'}.txt")


@pytest.mark.parametrize("command", ["apply", "remove", "fetch", "evaluate"])
def test_help_of_masks_is_as_expected(command):
    check_help(liae_infer("xseg", command, "--help"), f"help-xseg-{command}.txt")


@pytest.mark.parametrize("command", ["train", "xseg", "export", "synth", "evaluate"])
def test_help_of_training_is_as_expected(command):
    check_help(liae_train(command, "--help"), f"help-train-{command}.txt")


def check_help(result, expected):
    assert (result.status, result.err) == (0, "")
    path = EXPECTED / expected
    if os.environ.get("LIAE_UPDATE_EXPECTED"):
        path.write_text(result.out)
    assert result.out == path.read_text()


def test_help_of_liae_train_names_its_commands_and_statuses():
    text = liae_train("--help").out
    for line in (r"train \(default\) ", "export ", "7    training diverged", "130  interrupted"):
        assert re.search(f"^  {line}", text, re.M), line
    assert re.fullmatch(r"liae-train \d+\.\d+\.\d+(-dev)?\n", liae_train("--version").out)


def test_help_names_every_command():
    text = liae_infer("--help").out
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", text, re.M), command


INSTRUCTION_SETS = ["baseline", "avx2", "avx512"] if platform.machine() == "x86_64" else ["baseline", "neon"]


@pytest.mark.parametrize("isa", INSTRUCTION_SETS)
def test_version_says_release_abi_and_isa(isa):
    result = liae_infer("--version", environment={"LIAE_ISA": isa})
    assert result.status == 0
    match = re.fullmatch(
        r"liae-infer \d+\.\d+\.\d+(-dev)?\nABI \d+ \(libliae\.so\.\d+\)\nISA (\w+)\n", result.out)
    assert match, result.out
    assert INSTRUCTION_SETS.index(match[2]) <= INSTRUCTION_SETS.index(isa)


def test_version_with_an_unknown_isa_says_so():
    assert 'LIAE_ISA is "mmx"' in liae_infer("--version", environment={"LIAE_ISA": "mmx"}).out


@pytest.mark.parametrize("arguments", [
    [], ["frobnicate"], ["run"], ["run", "--bogus"], ["inspect"], ["bench", "--rounds", "0"],
    ["bench", "--json", "--quiet"], ["bench", "--planner", "--layers"], ["bench", "--plan", "guess"],
    ["bench", "model", "--resolution", "64"], ["bench", "--resolution", "100"],
    ["bench", "--arch", "liae-x"], ["demo", "-m", "x", "-o", "y", "--faces", "0"],
    ["convert", "a", "b.dfm", "--type", "bfloat16"], ["convert", "a", "b", "--name", "x/y"],
    ["convert", "a", "b.pt", "--type", "float16"], ["convert", "a", "b", "--face-type", "cheek"],
    ["run", "-m", "m", "-i", "a", "-o", "o", "--mode", "both"], ["run", "-m", "m", "-i", "a", "-o", "o", "--morph", "2"],
    ["run", "-m", "m", "-i", "a", "-o", "o", "--morph", "0.5", "--mode", "src"],
    ["run", "-m", "m", "-i", "a", "-o", "o", "--threads", "-1"],
    ["run", "-m", "m", "-i", "a", "-o", "o", "--threads", "1000000"],
    ["run", "-m", "m", "-i", "a", "-o", ""], ["inspect", "m", "--arch", "liae-x"],
    ["merge", "-m", "m", "-f", "f", "-o", "o"], ["merge", "-m", "m", "-f", "f", "-o", "o", "-a", "a", "-l", "l"],
    ["merge", "-m", "m", "-f", "f", "-o", "", "-a", "a"], ["video", "-m", "m", "-i", "i", "-o", "o"],
    ["video", "-m", "m", "-i", "i", "-o", "o", "-a", "a", "--crf", "64"], ["extract", "-f", "f", "-o", "o"],
    ["inspect", "m", "--color-order", "gbr"], ["verify", "m", "--color-order", "rgb"]])
def test_wrong_usage_is_status_2(arguments, tmp_path):
    result = liae_infer(*arguments, cwd=tmp_path)
    if not arguments:
        # Without a command the help is shown, which is no mistake.
        assert result.status == 0 and "SUBCOMMANDS" in result.out
        return
    assert result.status == 2, result.out + result.err
    assert result.err and not result.out
    assert list(tmp_path.iterdir()) == []
