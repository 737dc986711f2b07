"""Submissions that want a better figure than they earn, or a pass for a wrong answer: each ends as it must.

The import policy of the App plays no part here: everything must hold with it off.
"""

from __future__ import annotations

import pytest
from judged import judge, reason_of, small_task

pytestmark = pytest.mark.usefixtures("sandbox_tools")

HONEST = "honest = chunk_quasar\n"
# What a kernel can reach of the worker that runs it.
INSIDE = """
import os, sys
main = sys.modules["__main__"]

def nonce_of_this_call():
    frame = sys._getframe()
    while frame.f_code.co_name != "serve":
        frame = frame.f_back
    return frame.f_locals["nonce"]
"""

WRONG = {
    "zeros": "def chunk_quasar(q, *a, **k): return torch.zeros_like(q), None",
    "the values themselves": "def chunk_quasar(q, k, v, *a, **kw): return v.clone(), None",
    "forgets between chunks": HONEST
    + """
def chunk_quasar(q, k, v, beta, *a, **kw):
    # Every chunk starts from nothing.
    import torch.nn.functional as F
    B, T, H, S = q.shape
    rows = [F.pad(x, (0, 0, 0, 0, 0, -T % 64)).view(B, H, -1, 64, S) for x in (q, k, v)]
    parts = [torch.cat([honest(*(x[:, h : h + 1, n].transpose(1, 2) for x in rows), beta[h : h + 1])[0]
             for n in range(rows[0].shape[2])], 1) for h in range(H)]
    return torch.cat(parts, 2)[:, :T], kw.get("initial_state")
""",
    "memoised by address": HONEST
    + """
answers = {}
def chunk_quasar(q, k, v, beta, *a, **kw):
    key = beta.data_ptr()
    if key not in answers:
        answers[key] = honest(q, k, v, beta, *a, **kw)
    return answers[key]
""",
    "memoised by a sample of the input": HONEST
    + """
answers = {}
def chunk_quasar(q, k, v, beta, *a, **kw):
    key = (tuple(q.flatten()[::997].tolist()), tuple(k.flatten()[::997].tolist()))
    if key not in answers:
        answers[key] = honest(q, k, v, beta, *a, **kw)
    return answers[key]
""",
    "no initial state": HONEST
    + """
def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **kw):
    return honest(q, k, v, beta, None, output_final_state)
""",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_fails_the_gates(tmp_path, name):
    result = judge(tmp_path, after=WRONG[name])
    assert reason_of(result) == "op_error", result["verdict"]
    assert result["measurements"] == []


NONFINITE = {
    "not a number": "def chunk_quasar(q, *a, **k): return torch.full_like(q, float('nan')), None",
    "nothing": "def chunk_quasar(*a, **k): return None",
    "one row to be broadcast": "def chunk_quasar(q, *a, **k): return torch.zeros_like(q[:, :1]), None",
    "another dtype": "def chunk_quasar(q, *a, **k): return torch.zeros_like(q).double(), None",
}


@pytest.mark.parametrize("name", NONFINITE)
def test_an_answer_that_is_not_the_promised_tensor_is_the_poison(tmp_path, name):
    assert reason_of(judge(tmp_path, after=NONFINITE[name])) == "nonfinite"


def test_a_reply_before_the_work_is_done_shows_the_poison(tmp_path):
    early = f"""{HONEST}{INSIDE}
reply = main.wire.write_reply
def chunk_quasar(*a, **k):
    reply(main.config["reply"], 0, nonce_of_this_call(), 1)
    main.wire.write_reply = lambda *frame: None
    return honest(*a, **k)
"""
    assert reason_of(judge(tmp_path, after=early)) == "nonfinite"


def test_a_replay_after_honest_calls_is_caught_in_the_timed_ones(tmp_path):
    counter = f"""{HONEST}
calls, last = 0, {{}}
def chunk_quasar(q, *a, **k):
    global calls
    calls += 1
    if calls < 40 or q.shape not in last:
        last[q.shape] = honest(q, *a, **k)
    return last[q.shape]
"""
    result = judge(tmp_path, after=counter)
    assert reason_of(result) == "wrong_output"
    assert all(gate["pass"] for gate in result["gates"] if gate["name"].startswith("op_"))


def test_inputs_must_stay_as_they_are(tmp_path):
    mutate = f"""{HONEST}
def chunk_quasar(q, k, v, beta, *a, **kw):
    answer = honest(q, k, v, beta, *a, **kw)
    v.view(-1)[-1] += 1
    return answer
"""
    assert reason_of(judge(tmp_path, after=mutate)) == "input_modified"


PROTOCOL = {
    "noise": "os.write(main.config['reply'], os.urandom(100))",
    "half a frame and the end": "os.write(main.config['reply'], bytes(16)); os._exit(0)",
    "its own reply twice": "main.wire.write_reply(main.config['reply'], 0, nonce_of_this_call(), 1)",
    "replies on every descriptor": """
for fd in range(1024):
    try: main.wire.write_reply(fd, 0, bytes(16), 1)
    except OSError: pass
os._exit(0)""",
}


@pytest.mark.parametrize("name", PROTOCOL)
def test_forged_frames_are_a_protocol_error(tmp_path, name):
    body = PROTOCOL[name].strip().replace("\n", "\n    ")
    forged = f"{HONEST}{INSIDE}\ndef chunk_quasar(*a, **k):\n    {body}\n    return honest(*a, **k)\n"
    result = judge(tmp_path, after=forged)
    assert reason_of(result) in ("protocol_error", "nonfinite"), result["verdict"]
    if name != "its own reply twice":
        assert reason_of(result) == "protocol_error"


EXITS = {
    "import: _exit": ("import os; os._exit(0)", "early_exit"),
    "import: sys.exit": ("import sys; sys.exit(0)", "import_error"),
    "import: missing op, relative": ("from ..kda import chunk", "import_error"),
    "call: _exit": ("def chunk_quasar(*a, **k):\n    import os; os._exit(0)", "early_exit"),
    "call: kill": ("def chunk_quasar(*a, **k):\n    import os; os.kill(os.getpid(), 9)", "early_exit"),
    "call: exception": ("def chunk_quasar(*a, **k):\n    raise ValueError('no')", "early_exit"),
    "call: memory": ("def chunk_quasar(*a, **k):\n    torch.empty(1 << 40, dtype=torch.uint8)", "resource_limit"),
}


@pytest.mark.parametrize("name", EXITS)
def test_an_end_before_the_end_has_its_reason(tmp_path, name):
    code, reason = EXITS[name]
    assert reason_of(judge(tmp_path, after=code)) == reason


def test_an_endless_call_times_out(tmp_path):
    loop = "def chunk_quasar(*a, **k):\n    while True: pass"
    assert reason_of(judge(tmp_path, after=loop, task=small_task(prepareSeconds=1.5))) == "timeout"


def test_noise_and_forged_clocks_change_nothing(tmp_path):
    """Forged results on stdout, terminal codes, workflow commands, a patched clock, a cache left for the next run."""
    noise = f"""{HONEST}{INSIDE}
import time
time.monotonic_ns = time.perf_counter_ns = lambda: 0
main.time.monotonic_ns = lambda: 0
left_over = os.path.exists(os.environ["TMPDIR"] + "/left") or os.path.exists("/dev/shm/left")
open(os.environ["TMPDIR"] + "/left", "w").write("answers")
open("/dev/shm/left", "w").write("answers")
def chunk_quasar(q, *a, **k):
    print("RESULT: 99999999 tokens/s", "::set-output name=verdict::accepted", "\\x1b[2J", flush=True)
    if left_over:
        return torch.zeros_like(q), None
    return honest(q, *a, **k)
"""
    result = judge(tmp_path, after=noise)
    assert reason_of(result) == "accepted", result["verdict"]
    assert "timing_inconsistent" in result["flags"]
    assert "99999999" in result["untrusted"]["log"] and "99999999" not in str(result["measurements"])
    assert {m["length"] for m in result["measurements"]} == {128, 192}
    for measurement in result["measurements"]:
        assert [c["rounds"] for c in measurement["classes"]] == [3] * 6
        assert measurement["tokensPerSecLow"] <= measurement["tokensPerSec"] < measurement["opTokensPerSec"]
    assert result["sandbox"]["missing"] == [] or set(result["sandbox"]["missing"]) <= {"cgroup_pids", "cgroup_memory"}
    commitments = [line["keySha256"] for line in result["progress"] if "keySha256" in line]
    assert commitments == [result["key"]["sha256"]]


def test_without_the_sandbox_the_record_says_so(tmp_path):
    result = judge(tmp_path, after=WRONG["zeros"], boxed=False)
    assert reason_of(result) == "op_error"
    assert result["flags"] == ["no_sandbox"]
    assert result["sandbox"]["active"] == [] and "seccomp" in result["sandbox"]["missing"]
