# SPDX-License-Identifier: Apache-2.0
"""What the golden data hold, so that nothing is left out in silence."""
import golden_data
import pytest
from golden_data import GOLDEN, PARTS

pytestmark = pytest.mark.golden


def test_there_are_parts():
    assert any((GOLDEN / part).is_dir() for part in PARTS), f"{GOLDEN} holds no golden data"


@pytest.mark.parametrize("part", PARTS)
def test_parts_have_cases(part):
    if not (GOLDEN / part).is_dir():
        pytest.skip(f"{GOLDEN} has no {part}")
    assert any(any((GOLDEN / part).glob(pattern)) for pattern in PARTS[part])


def test_networks_are_of_a_known_kind():
    assert not [network.name for network in golden_data.EVERYTHING if network.kind is None]
