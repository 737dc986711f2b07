"""The judge's own reader of the schemas says of every record what the published library says."""

from __future__ import annotations

import copy
import json
import random

import jsonschema
import pytest
from judge.result import Record
from judge.verify import json_schema

SCHEMA = json_schema.load_schema("result")


def a_result() -> dict:
    timing = {
        "input": "mixed",
        "rounds": 3,
        "medianNs": 5,
        "ciLowNs": 4,
        "ciHighNs": 6,
        "p90Ns": 6,
    }
    rates = {"tokensPerSec": 1.5, "tokensPerSecLow": 1.25, "opTokensPerSec": 2.0}
    return {
        **Record().finish(),
        "measurements": [{"length": 64, "classes": [timing], "fixedNs": 3, **rates, "peakBytes": 0}],
        "gates": [
            {
                "name": "finite",
                "length": 64,
                "input": "mixed",
                "value": None,
                "limit": 0.0,
                "pass": False,
            }
        ],
        "outputs": [{"length": 64, "input": "mixed", "round": 0, "sha256": "ab" * 32}],
    }


def places(value, at=()):
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*at, key))


WRONG = [
    None,
    True,
    0,
    -1,
    1.5,
    2**60,
    "",
    "x" * 70_000,
    "ab" * 32,
    [],
    [1],
    {},
    {"x": 1},
    "AB" * 32,
    "ab" * 32 + "\n",
]


def test_a_result_is_of_the_schema():
    jsonschema.validate(a_result(), SCHEMA)
    assert json_schema.problems(a_result(), SCHEMA) == []


@pytest.mark.parametrize("seed", range(8))
def test_it_says_what_the_library_says(seed):
    drawn = random.Random(seed)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    seen = set()
    for _ in range(150):
        record = copy.deepcopy(a_result())
        place = drawn.choice([p for p in places(record) if p])
        parent = record
        for key in place[:-1]:
            parent = parent[key]
        if isinstance(parent, dict) and drawn.random() < 0.3:
            del parent[place[-1]]
        elif isinstance(parent, dict) and drawn.random() < 0.2:
            parent["unknown"] = 1
        else:
            parent[place[-1]] = drawn.choice(WRONG)
        valid = validator.is_valid(record)
        seen.add(valid)
        # The library's `$` lets a line feed pass, JavaScript's and ours do not.
        if not (valid and "\\n" in json.dumps(record)):
            assert (json_schema.problems(record, SCHEMA) == []) == valid, place
    assert seen == {True, False}


def test_a_keyword_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match="not known here"):
        json_schema.problems(1, {"multipleOf": 2})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_number_is_refused(value):
    assert json_schema.problems(value, {"type": "number"})
