"""A PKCS#1 public key as numbers, and its fingerprint as MTProto counts it."""

import base64
import hashlib


def public_numbers(pem: str) -> tuple[int, int]:
    """Modulus and exponent."""
    der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))

    def content(at: int) -> tuple[int, int]:
        length, start = der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(der[start:start + size], "big"), start + size
        return start, start + length

    n_at, n_end = content(content(0)[0])
    e_at, e_end = content(n_end)
    return int.from_bytes(der[n_at:n_end], "big"), int.from_bytes(der[e_at:e_end], "big")


def fingerprint(n: int, e: int) -> int:
    """The low 64 bits of the SHA-1 of both numbers as TL strings, signed."""
    text = tl_string(n) + tl_string(e)
    return int.from_bytes(hashlib.sha1(text).digest()[-8:], "little", signed=True)


def tl_string(number: int) -> bytes:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-(len(head) + len(data)) % 4)
