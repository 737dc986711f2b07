"""Canonical JSON (RFC 8785), so that a digest made here equals the one that the App makes."""

from __future__ import annotations

import json
import math


def canonical_json(value) -> str:
    """Sorted keys (by UTF-16 code units), no spaces, ECMAScript numbers. ValueError for what JSON cannot hold."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (int, float)):
        return es_number(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical_json(item) for item in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_string(key)}:{canonical_json(value[key])}" for key in keys) + "}"
    raise ValueError(f"not canonical JSON: {type(value).__name__}")


def es_number(number: int | float) -> str:
    """The number as ECMAScript prints it: ECMA-262, Number::toString."""
    number = float(number)
    if not math.isfinite(number):
        raise ValueError(f"not canonical JSON: {number}")
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0") if fraction != "0" else whole
    point = len(whole) + int(exponent or 0)  # where the decimal point stands, counted from the first digit
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return sign + digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + power


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
