# SPDX-License-Identifier: Apache-2.0
"""What the golden data hold, so that nothing is left out in silence."""
import json

import golden_data
import pytest
from golden_data import GOLDEN

pytestmark = pytest.mark.golden


def need(part):
    if not (GOLDEN / part).is_dir():
        pytest.skip(f"{GOLDEN} has no {part}")


def test_there_are_parts():
    assert any((GOLDEN / part).is_dir() for part in golden_data.PARTS), f"{GOLDEN} holds no golden data"


def test_there_are_networks():
    need("networks")
    assert golden_data.EVERYTHING
    assert not [network.name for network in golden_data.EVERYTHING if network.kind is None]


@pytest.mark.parametrize("file", ["merge/cases.json", "faces/faces.json", "warp/samples.json"])
def test_there_are_cases(file):
    need(file.split("/")[0])
    assert json.loads((GOLDEN / file).read_text())
