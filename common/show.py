"""Show what is in private keys and certificate signing requests, and check it.

It is for machines without OpenSSL. Nothing that must stay private is printed. Given a request and
the keys it may be for, it tells which of them the request belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import console, options
from common.console import Refused

if TYPE_CHECKING:
    from common.inspection import Inspected


def main() -> None:
    """Run the command line."""
    args = options.show_parser(__doc__).parse_args()
    from common import inspection  # not above: --help need not wait for its libraries

    shown = []
    for path in args.files:
        try:
            shown.append(inspection.read(path, args.passphrase_file))
        except Refused as refusal:
            console.complain(str(refusal))
    faults = [f"{one.path}: {one.fault}" for one in shown if one.fault]
    if args.public:
        console.write_data(b"".join(one.public_pem for one in shown))
    else:
        belonging, strangers = _belonging(shown)
        faults += strangers
        pages = [_page(one) for one in shown] + belonging
        console.write_data("\n".join(pages).encode("utf-8", "backslashreplace"))
    for fault in faults:
        console.complain(fault)
    if faults or len(shown) < len(args.files):
        raise SystemExit(1)


def _page(one: Inspected) -> str:
    (path, what), *lines = one.lines
    texts = [f"{path}: {what}", *(f"  {word:<10}  {value}" for word, value in lines)]
    return "".join(f"{console.one_line(text)}\n" for text in texts)


def _belonging(shown: list[Inspected]) -> tuple[list[str], list[str]]:
    """Return a page that tells whose key each request has, and a complaint for each with none's."""
    keys = [one for one in shown if not one.is_request]
    texts, strangers = [], []
    for request in (one for one in shown if one.is_request and keys):
        owners = [key.path for key in keys if key.public_pem == request.public_pem]
        texts += [f"{request.path} and {owner} belong together" for owner in owners]
        if not owners:
            strangers.append(f"{request.path}: does not belong to any key given here")
    page = "".join(f"{console.one_line(text)}\n" for text in texts)
    return [page] if page else [], strangers


if __name__ == "__main__":
    console.run(main)
