"""The promises about files under faults, in processes. `make faults` does more."""

from tests import faults

import pytest

pytestmark = [
    pytest.mark.apart,
    pytest.mark.posix(reason="strace"),
    pytest.mark.skipif(not faults.STRACE, reason="strace is not installed"),
]


@pytest.mark.parametrize("scenario", [faults.SCENARIOS[0], faults.SCENARIOS[2]])
def test_a_fault_at_any_moment(scenario: faults.Scenario) -> None:
    runs, wrong = faults.campaign([scenario], every=17)
    assert wrong == []
    assert runs > 14
