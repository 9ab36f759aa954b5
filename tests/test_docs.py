"""The README and the pages in docs/ do what they say.

The `sh` blocks of a page run in one shell, in a directory with the project's programs. What a block
prints is compared with the `text` block after it: `…` within a line stands for anything in that
line, and a line that is only `…` for any lines. LEFT_ALONE has the words of what is not run.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.conftest import ROOT, SCRIPTS, default_signals, environment, need

import pytest

pytestmark = pytest.mark.apart

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PAGES}

# A page that needs the files of another continues in its directory.
CONTINUED = {"docs/exercises.md": "docs/answers.md"}

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LEFT_ALONE = re.compile(".*(?:not tried here|not run by the tests)")
# A block with --serve runs until it says how to stop it. Then it gets what Ctrl-C sends.
SERVING = """set -m
{{ {block}}} > served.txt 2>&1 &
set +m
until grep -q Ctrl-C served.txt || ! kill -0 $! 2> /dev/null; do sleep 0.1; done
kill -INT -- -$! 2> /dev/null
wait $!
cat served.txt
rm served.txt
"""

# PyCryptodome takes seconds to make an RSA key of 4096 bits, ten times as long as OpenSSL.
QUICK = """
import sys
if any("make_" in word for word in sys.orig_argv):
    from Crypto.PublicKey import RSA
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import rsa
    form = (s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption())
    RSA.generate = lambda bits: RSA.import_key(
        rsa.generate_private_key(65537, bits).private_bytes(*form))
"""


def steps(text: str) -> list[tuple[str, str]]:
    """Return the commands of a page, and what each prints. Fails if a block is neither."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.finditer(text):
        language, content = block[2], block[3]
        if language in ("nginx", "dns") or LEFT_ALONE.match(content):
            continue
        if language == "text":
            found[-1] = (found[-1][0], content)
        else:
            assert block[0].startswith("```sh\n"), f"is not tried, and does not say so: {content}"
            serves = " --serve " in content
            found.append((SERVING.format(block=content) if serves else content, ""))
    return found


def matches(expected: str, printed: str) -> bool:
    pattern = "".join(
        "(?:.*\n)*" if line == "…\n" else re.escape(line).replace("…", ".*")
        for line in expected.splitlines(keepends=True)
    )
    return re.fullmatch(pattern, printed) is not None


def printed(commands: list[str], directory: Path, quick: Path) -> list[str]:
    """Return what each block of commands prints, standard output and standard error together."""
    (quick / "sitecustomize.py").write_text(QUICK)
    mark = "end of a step"
    result = subprocess.run(
        ["bash", "-c", "".join(f"{block}echo {mark}\n" for block in commands)],
        cwd=directory,
        env=environment(
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # The libraries of this Python are there already, so that pip has nothing to fetch.
            PYTHONPATH=f"{quick}:{sysconfig.get_path('purelib')}",
            PIP_NO_INDEX="1",
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
        start_new_session=True,
        preexec_fn=default_signals,
    )
    *parts, rest = result.stdout.split(f"{mark}\n")
    assert rest == ""
    return parts


def files(directory: Path) -> set[Path]:
    """Return what is in a directory, without what Python and pip keep there."""
    found = {path.relative_to(directory) for path in directory.rglob("*")}
    return {path for path in found if not {"__pycache__", ".venv"} & set(path.parts)}


@pytest.mark.posix(reason="the blocks are for bash, and show the modes of files")
@pytest.mark.parametrize(
    "name", [name for name in TEXTS if steps(TEXTS[name]) and name not in CONTINUED.values()]
)
def test_commands_print_what_the_page_shows(
    name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = steps(TEXTS[name] + TEXTS.get(CONTINUED.get(name, ""), ""))
    blocks = [block for block, _ in told]
    for program in ("bash", "openssl", "pebble"):
        need(program)
    for file in ("requirements.txt", *SCRIPTS):
        shutil.copy(ROOT / file, tmp_path)
    for package in ("common", "course"):
        shutil.copytree(ROOT / package, tmp_path / package)
    before = files(tmp_path)
    outputs = printed(blocks, tmp_path, tmp_path_factory.mktemp("quick"))
    wrong = [
        f"$ {commands}{output}"
        for (commands, expected), output in zip(told, outputs, strict=True)
        if not matches(expected, output)  # a block without a text block prints nothing
    ]
    assert not wrong, "\n".join(wrong)
    assert files(tmp_path) == before, "the page does not clean up"


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    text = BLOCK.sub("", TEXTS[name])
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        assert ((ROOT / name).parent / target.partition("#")[0]).exists(), target
    for label in re.findall(r"\]\[([\w-]+)\]", text):
        assert f"\n[{label}]: https://" in text, label


OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*(?: [A-Z]+| \{.*?\})?(?![\w-])")
ARGPARSE = {"positional", "arguments", "h", "message"}  # its own words


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize(
    ("heading", "program"),
    [
        ("Making a key", "make_account_key.py"),
        ("Making a key", "make_certificate_key.py"),
        ("Making a request", "make_csr.py"),
        ("Looking at files", "-m common.show"),
        ("Getting a certificate", "-m course.certificate"),
        ("Deactivating an account", "-m course.deactivate"),
    ],
)
def test_the_reference_says_what_the_help_says(heading: str, program: str) -> None:
    """In other sentences, but it has each word of the help after the docstring."""
    reference = TEXTS["docs/reference.md"]
    section = reference.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    run = [sys.executable, *program.split(), "--help"]
    shown = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(OPTION.findall(" ".join(rows)))
    arguments = re.split(r"\n(?=positional arguments:|options:)", shown, maxsplit=1)[1]
    assert set(OPTION.findall(arguments)) - {"-h", "--help", "-m"} == listed
    positional = re.findall(r"^  ([A-Z]+) ", arguments, re.MULTILINE)
    assert set(positional) <= set(re.findall("[A-Z]+", section))
    assert not re.search(r"^  -(?:\S| (?! ))*\n(?! {20})", arguments, re.MULTILINE)  # without help
    assert words(arguments) - words(reference) == ARGPARSE & words(arguments)


def test_the_dependencies_of_pyproject_are_the_requirements() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = project.partition("\ndependencies = [\n")[2].partition("]")[0]
    requirements = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert re.findall(r'"(.*)"', listed) == [line for line in requirements if line[0] != "#"]
