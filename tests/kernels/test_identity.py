from __future__ import annotations

import os
import stat

from judge.sandbox import identity

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
model\t\t: 143
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
stepping\t: 8
microcode\t: 0xffffffff
cpu MHz\t\t: 2699.998
cache size\t: 107520 KB
apicid\t\t: 0
flags\t\t: fpu avx512f amx_bf16
bogomips\t: 5399.99

processor\t: 1
flags\t\t: fpu avx512f amx_bf16

"""


def test_cpuinfo_keeps_processors_and_features_and_nothing_that_tells_hosts_apart():
    neutral = identity.neutral_cpuinfo(CPUINFO)
    assert neutral.count("processor\t: ") == 2 and neutral.count("avx512f amx_bf16") == 2
    for word in ("Xeon", "2699", "0xffffffff", "5399", "107520"):
        assert word not in neutral
    assert "model name\t: processor\n" in neutral


def test_two_looks_at_this_host_are_the_same_bytes(tmp_path):
    texts = [identity.neutral_cpuinfo(open("/proc/cpuinfo").read()) for _ in range(2)]
    assert texts[0] == texts[1]


def test_all_is_covered_where_a_box_can_be_built_with_it(tmp_path):
    asked = []
    covers = identity.masks(tmp_path, lambda some: asked.append(set(some)) is None)
    assert set(covers) == identity.wanted() and asked == [set(covers)]
    digests = identity.digests(covers)
    assert set(digests) == set(covers)
    for cover in covers.values():
        mode = stat.S_IMODE(os.stat(cover).st_mode)
        assert mode == (0o755 if os.path.isdir(cover) else 0o644)
    assert open(covers[identity.BOOT_ID]).read() != open(identity.BOOT_ID).read()


def test_what_cannot_be_covered_is_left_and_the_rest_still_is(tmp_path):
    covers = identity.masks(tmp_path, lambda some: identity.CPUINFO not in some)
    assert set(covers) == identity.wanted() - {identity.CPUINFO}
