"""JSON Schema, as far as `schemas/*.json` use it, so that a record can be checked without another package.

Those files are made from the App's zod. A keyword that is not known here is an error, never ignored.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

from judge.task import KERNELS_DIR

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: _is_number(v),
    "integer": lambda v: _is_number(v) and float(v).is_integer(),
}
KNOWN = {"$schema", "type", "const", "enum", "anyOf", "minimum", "maximum", "exclusiveMinimum", "pattern", "minLength"}
KNOWN |= {"maxLength", "items", "minItems", "maxItems", "properties", "required", "additionalProperties"}
KNOWN |= {"propertyNames"}


def load_schema(name: str, kernels_dir: Path = KERNELS_DIR) -> dict:
    return json.loads((kernels_dir / "schemas" / f"{name}.json").read_text("utf-8"))


def problems(value: object, schema: dict, at: str = "record") -> list[str]:
    """What is wrong with `value`, each with its place; empty when it is of the schema."""
    unknown = schema.keys() - KNOWN
    if unknown:
        raise ValueError(f"a schema uses {', '.join(sorted(unknown))}, which is not known here")
    if "anyOf" in schema and all(problems(value, option, at) for option in schema["anyOf"]):
        return [f"{at} is none of the forms that are allowed"]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(TYPES[kind](value) for kind in kinds):
        return [f"{at} is not of type {' or '.join(kinds)}"]
    found = []
    if "const" in schema and not _same(value, schema["const"]):
        found.append(f"{at} is not {schema['const']!r}")
    if "enum" in schema and not any(_same(value, option) for option in schema["enum"]):
        found.append(f"{at} is none of {', '.join(map(str, schema['enum']))}")
    if _is_number(value):
        found += _of_number(value, schema, at)
    elif isinstance(value, str):
        found += _of_string(value, schema, at)
    elif isinstance(value, list):
        found += _of_array(value, schema, at)
    elif isinstance(value, dict):
        found += _of_object(value, schema, at)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _same(a: object, b: object) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _of_number(value: float, schema: dict, at: str) -> list[str]:
    low, above, high = (schema.get(k) for k in ("minimum", "exclusiveMinimum", "maximum"))
    inside = (low is None or value >= low) and (above is None or value > above) and (high is None or value <= high)
    return [] if inside else [f"{at} is out of range"]


def _of_string(value: str, schema: dict, at: str) -> list[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return [f"{at} has {len(value)} characters"]
    # In JavaScript `$` is the very end.
    pattern = re.sub(r"\$$", r"\\Z", schema.get("pattern", ""))
    return [] if re.search(pattern, value, re.ASCII) else [f"{at} does not match {schema['pattern']}"]


def _of_array(value: list, schema: dict, at: str) -> list[str]:
    found = []
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        found.append(f"{at} has {len(value)} items")
    for i, item in enumerate(value):
        found += problems(item, schema.get("items", {}), f"{at}[{i}]")
    return found


def _of_object(value: dict, schema: dict, at: str) -> list[str]:
    found = [f"{at} lacks {name}" for name in schema.get("required", []) if name not in value]
    own, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
    for name, item in value.items():
        found += problems(name, schema.get("propertyNames", {}), f"a name of {at}")
        if name in own:
            found += problems(item, own[name], f"{at}.{name}")
        elif rest is False:
            found.append(f"{at} has a field {name[:80]!r} that nobody knows")
        elif isinstance(rest, dict):
            found += problems(item, rest, f"{at}.{name[:80]}")
    return found
