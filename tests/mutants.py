"""Change the code in many places, and tell how many of these mutants the tests notice.

`make mutants` tries all of them; `make mutants SAMPLE=150 SEED=1` tries 150, chosen at random.
mutmut changes the functions of the scripts and of `common/` in one place at a time, and runs the
tests that call them. It leaves out functions with a decorator.
"""

import random
import subprocess
import sys

MUTMUT = [sys.executable, "-m", "mutmut"]
NOTICED = {"killed", "timeout", "suspicious", "segfault", "caught by type check"}


def results() -> dict[str, str]:
    """Return what became of each mutant."""
    command = [*MUTMUT, "results", "--all", "true"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = (line.strip().partition(": ") for line in printed.splitlines())
    return {mutant: status for mutant, _, status in pairs if status}


def chosen(size: int, seed: int = 0) -> list[str]:
    """Have mutmut make all mutants, and return some of them."""
    print("Making the mutants, and finding out which tests call what", flush=True)
    subprocess.run([*MUTMUT, "run", "none of them"], capture_output=True, check=False)
    return random.Random(seed).sample(sorted(results()), size)


def main() -> None:
    """Print the survivors and the score; exit with 1 if that is under 97 %."""
    sample = chosen(*map(int, sys.argv[1:])) if sys.argv[1:] else []
    # Given a pattern instead of a name, mutmut accepts a mutant that no test calls.
    subprocess.run([*MUTMUT, "run", *(f"*{mutant}" for mutant in sample)], check=True)
    statuses = results()
    tried = sample or list(statuses)
    survivors = [mutant for mutant in tried if statuses[mutant] not in NOTICED]
    for mutant in survivors:
        print(f"{statuses[mutant]}: mutmut show {mutant}")
    score = 1 - len(survivors) / len(tried)
    print(f"{score:.1%} of {len(tried)} mutants are noticed")
    sys.exit(score < 0.97)


if __name__ == "__main__":
    main()
