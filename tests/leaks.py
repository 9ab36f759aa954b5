"""Private numbers in what a program prints."""

import base64
import re

# As OpenSSL prints them.
_SECRET = re.compile(
    r"^(?:priv|privateExponent|prime1|prime2|exponent1|exponent2|coefficient|private-key|seed|dk"
    r"):\s*\n((?: +[0-9a-f:]+\n)+)",
    re.MULTILINE,
)


def secrets(text: str) -> list[bytes]:
    """Return the private numbers of a key. text: what OpenSSL prints of it."""
    found = [bytes.fromhex(re.sub("[^0-9a-f]", "", one)) for one in _SECRET.findall(text)]
    return [one for one in found if len(one.lstrip(b"\0")) >= 16]


def leaks(output: str, numbers: list[bytes]) -> list[str]:
    """Return in which forms an output holds nine octets or more of a private number."""
    digits = re.sub(r"[\s:,;.\-_\[\]()]+", "", output).lower().replace("0x", "")
    plain = re.sub(r"\s+", "", output).translate(str.maketrans("-_", "+/"))
    octets = ",".join(re.findall(r"\d+", output))
    forms = set()
    for number in numbers:
        if str(int.from_bytes(number, "big"))[:20] in digits:
            forms.add("decimal")
        nines = {number[at : at + 9] for at in range(len(number) - 8)} - {bytes(9), b"\xff" * 9}
        if any(nine.hex() in digits for nine in nines):
            forms.add("hexadecimal")
        if any(base64.b64encode(nine).decode() in plain for nine in nines):
            forms.add("base64")
        if any(",".join(map(str, nine)) in octets for nine in nines):
            forms.add("octets")
    return sorted(forms)
