"""Tell how many mutants of each module the tests notice: the end of `make mutants`.

mutmut changes the functions of the scripts and of `common/` in one place at a time, and runs the
tests that call them. It leaves out functions with a decorator.
"""

import subprocess
import sys
from collections import Counter

NOTICED = {"killed", "timeout", "suspicious", "segfault", "caught by type check"}


def main() -> None:
    """Print the survivors, and the score of each module; exit with 1 if one is below 95 %."""
    command = [sys.executable, "-m", "mutmut", "results", "--all", "true"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    noticed, total = Counter[str](), Counter[str]()
    for line in printed.splitlines():
        mutant, _, status = line.strip().partition(": ")
        if not status or status == "not checked":
            continue
        module = mutant.partition(".x")[0]
        total[module] += 1
        noticed[module] += status in NOTICED
        if status not in NOTICED:
            print(f"{status}: mutmut show {mutant}")
    scores = {module: noticed[module] / total[module] for module in sorted(total)}
    for module, score in scores.items():
        print(f"{score:7.1%}  {noticed[module]:4} of {total[module]:4}  {module}")
    sys.exit(any(score < 0.95 for score in scores.values()) or not scores)


if __name__ == "__main__":
    main()
