"""Change the code in many places, and tell how many of these mutants the tests notice.

`make mutants` tries all of them; `make mutants SAMPLE=150 SEED=1` tries 150, chosen at random.
mutmut changes the functions of the scripts and of `common/` in one place at a time, and runs the
tests that call them. It leaves out functions with a decorator.
"""

import random
import subprocess
import sys
from collections import Counter

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
    """Print the survivors and the scores; exit with 1 if fewer than 97 % are noticed."""
    sample = chosen(*map(int, sys.argv[1:])) if sys.argv[1:] else []
    # Given a pattern instead of a name, mutmut accepts a mutant that no test calls.
    subprocess.run([*MUTMUT, "run", *(f"*{mutant}" for mutant in sample)], check=True)
    statuses = results()
    noticed, total = Counter[str](), Counter[str]()
    for mutant in sample or statuses:
        is_noticed = statuses[mutant] in NOTICED
        for scope in (mutant.partition(".x")[0], "in all"):
            total[scope] += 1
            noticed[scope] += is_noticed
        if not is_noticed:
            print(f"{statuses[mutant]}: mutmut show {mutant}")
    scores = {scope: noticed[scope] / total[scope] for scope in sorted(total)}
    for scope, score in scores.items():
        print(f"{score:7.1%}  {noticed[scope]:4} of {total[scope]:4}  {scope}")
    sys.exit(scores["in all"] < 0.97)


if __name__ == "__main__":
    main()
