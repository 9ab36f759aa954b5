"""The promises about files under faults, in processes. `make faults` does more."""

from tests import faults

import pytest

pytestmark = [
    pytest.mark.apart,
    pytest.mark.posix(reason="strace"),
    pytest.mark.skipif(not faults.STRACE, reason="strace is not installed"),
]


def test_a_fault_at_any_moment() -> None:
    runs, wrong = faults.campaign(faults.SCENARIOS[:3:2], every=17)
    assert wrong == []
    assert runs > 28
