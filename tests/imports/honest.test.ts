/** Fast, honest kernels must pass: a false finding costs a miner a push. */
import { describe, expect, it } from 'vitest';
import { judgeCode, judgeFiles, REQUIRED } from './judging.ts';

const honest: Record<string, string> = {
  'words in comments and strings':
    '# from fla.ops.gla import x; import os; eval("x")\nx = "import os; exec(fla.ops.kda)"\ndef f():\n    """from fla.ops.gla import chunk_gla; __import__("os")"""\n',
  'eval mode and torch.compile':
    'm = torch.nn.Linear(2, 2)\nm.eval()\nf = torch.compile(f, mode="max-autotune", fullgraph=True)\n@torch.compile\ndef g(x): return x\n',
  'streams, events and graphs':
    's = torch.cuda.Stream()\nwith torch.cuda.stream(s):\n    x = torch.empty(1, device="cuda")\ng = torch.cuda.CUDAGraph()\nwith torch.cuda.graph(g):\n    y = x + 1\ng.replay()\ntorch.cuda.current_stream().wait_stream(s)\ne = torch.cuda.Event(enable_timing=True)\n',
  'autotune, heuristics, jit':
    "@triton.heuristics({'A': lambda args: args['x'] is not None})\n@triton.autotune(configs=[triton.Config({'BK': bk}, num_warps=w, num_stages=s) for bk in [32, 64] for w in [2, 4] for s in [2, 3]], key=['T', 'BT'], **autotune_cache_kwargs)\n@triton.jit(do_not_specialize=['T'])\ndef kernel(x, T, BT: tl.constexpr):\n    i_t, i_bh = tl.program_id(0), tl.program_id(1)\n    p = tl.make_block_ptr(x, (T, 64), (64, 1), (i_t * BT, 0), (BT, 64), (1, 0))\n    b = tl.load(p, boundary_check=(0, 1)).to(tl.float32)\n    for i in tl.static_range(4):\n        b += tl.dot(b, b, allow_tf32=False)\n    b = tl.where(tl.arange(0, BT)[:, None] > 0, b, 0.)\n    tl.store(p, b.to(p.dtype.element_ty), boundary_check=(0, 1))\n    tl.debug_barrier()\nkernel[(1, 2)](x, T=1, BT=64)\n",
  'inline assembly and descriptors':
    'y = tl.inline_asm_elementwise("add.f32 $0, $1, $2;", "=r,r,r", [a, b], dtype=tl.float32, is_pure=True, pack=1)\nd = tl.make_tensor_descriptor(x, [1], [1], [1])\ntriton.set_allocator(lambda size, align, stream: torch.empty(size, device="cuda", dtype=torch.int8))\nx = tl._experimental_make_tensor_descriptor(x)\n',
  libdevice:
    'import triton.language.extra.libdevice as tldevice\nfrom triton.language.extra import libdevice\nfrom triton.language.extra.cuda import libdevice as cuda_libdevice\ntldevice.fast_expf(x)\nlibdevice.rsqrt(x)\ntl.extra.cuda.libdevice.tanh(x)\nexp = tldevice.fast_expf if x else tl.exp\n',
  'optional libdevice':
    'try:\n    import triton.language.extra.libdevice as tldevice\nexcept ImportError:\n    tldevice = None\nif tldevice is not None:\n    exp = tldevice.fast_expf\nHAS = hasattr(tl, "make_tensor_descriptor")\ngather = getattr(tl, "gather", None)\n',
  'autograd functions':
    'class Q(torch.autograd.Function):\n    @staticmethod\n    @input_guard\n    @autocast_custom_fwd\n    def forward(ctx, input, *, scale=None):\n        ctx.save_for_backward(input)\n        ctx.dtype = input.dtype\n        return input.mul(2)\n    @staticmethod\n    @autocast_custom_bwd\n    def backward(ctx, do):\n        (x,) = ctx.saved_tensors\n        return do, None\n',
  'disabled compiler': '@torch.compiler.disable\ndef chunk_quasar(q):\n    return Q.apply(q)\n',
  'dataclasses, typing, functools, math':
    'from __future__ import annotations\nimport functools\nimport math\nfrom dataclasses import dataclass, field, replace\nfrom typing import Any, NamedTuple, Optional, TYPE_CHECKING\nif TYPE_CHECKING:\n    from typing import Sequence\n@dataclass(frozen=True)\nclass Plan:\n    blocks: int = 1\n    names: list[str] = field(default_factory=list)\n    def __post_init__(self):\n        object.__setattr__ if False else None\n@functools.lru_cache(maxsize=None)\ndef plan(n: int) -> Optional[Plan]:\n    return Plan(blocks=math.ceil(n / 64))\n'
      .replace('        object.__setattr__ if False else None\n', '        pass\n')
      .replace('from __future__ import annotations\n', ''),
  'super and dunder methods':
    'class M(torch.nn.Module):\n    __slots__ = ()\n    def __init__(self):\n        super().__init__()\n        super(M, self).__init__()\n        self.name = type(self).__name__\n    def __call__(self, x): return x.__len__()\n    def __getitem__(self, i): return i\n',
  versions:
    'if torch.__version__ >= "2.4" and triton.__version__ >= "3.2":\n    pass\nx = torch.version.cuda\nif __name__ == "__main__":\n    print(f"{torch.__version__=}")\n',
  'backend settings':
    'torch.backends.cuda.matmul.allow_tf32 = True\ntorch.backends.cudnn.allow_tf32 = True\ntorch.backends.cudnn.benchmark = True\ntorch.set_float32_matmul_precision("high")\n',
  'private but useful functions': 'torch._scaled_mm(a, b)\ntorch._foreach_add_(a, b)\ntorch._int_mm(a, b)\n',
  'device properties':
    'p = torch.cuda.get_device_properties(0)\nn = p.multi_processor_count\nm = getattr(p, "shared_memory_per_block_optin", 0)\n',
  'custom operators':
    '@torch.library.custom_op("quasar::f", mutates_args=(), schema="(Tensor x) -> Tensor")\ndef f(x: torch.Tensor) -> torch.Tensor: return x.clone()\n@f.register_fake\ndef _(x): return torch.empty_like(x)\ntorch.ops.quasar.f(x)\ntorch.ops.aten.mm(a, b)\n',
  'own names like builtins':
    'def f(input, vars, dir, compile=None):\n    open = input\n    eval = lambda x: x\n    return open, eval(vars), compile\nclass C:\n    def open(self): return self.eval()\n    input: int = 1\ndef compile(x): return x\ng = compile(1)\nf(input=1, open=2)\n'.replace(
      ', open=2',
      '',
    ),
  'torch.compile imported by name':
    'from torch import compile, Tensor, nn\n@compile\ndef f(x: Tensor) -> nn.Module: return x\n',
  'attributes named like modules':
    'class P:\n    platform = 1\n    def __init__(self):\n        self.types, self.code, self.io = 1, 2, 3\nself.copy_(x)\nx.select(0, 1)\ntorch.select(x, 0, 1)\ntorch.chunk(x, 2)\ntorch.trace(x)\ntl.math.exp2(x)\ntorch.random.manual_seed(0)\ntl.random.rand(0, x)\ntorch.signal.windows.hann(4)\n',
  'parameter that shadows a module': 'def f(F, tl=None):\n    return g(F, tl)\nfor torch_ in []: pass\n',
  checkpointing:
    'torch.utils.checkpoint.checkpoint(f, x, use_reentrant=False)\ntorch.utils.dlpack.from_dlpack(x)\n',
  'attention variants':
    'torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.FLASH_ATTENTION)\nF.scaled_dot_product_attention(q, k, v)\n',
  'match on values': 'match x.dtype:\n    case torch.float32 | torch.bfloat16: y = 1\n    case _: y = 2\n',
  'names of own files':
    'from fla.ops.quasar.gate import _fused, copy\nfrom . import gate, forward_substitution as fs\nfrom .forward_substitution import forward_substitution_kernel as k\nfs._private(gate.signal)\nk[(1,)](x)\nimport fla.ops.quasar.gate\nfla.ops.quasar.gate.run(x)\n',
  'profiler ranges': 'with torch.profiler.record_function("x"), torch.cuda.nvtx.range("y"):\n    pass\n',
  'module aliases':
    't = torch\nlang = tl\nnn = torch.nn\nnn.functional.silu(t.empty(1))\nlang.load(x)\nG = F if torch.cuda.is_available() else torch.nn.functional\nG.relu(x)\n',
  'deleting names': 'x = 1\ndel x\nfor i in range(3): pass\ndel i\n',
  exceptions:
    'try:\n    f()\nexcept (RuntimeError, triton.OutOfResources) as e:\n    raise ValueError(str(e)) from e\nfinally:\n    torch.cuda.synchronize()\n',
  'windows line ends': 'x = 1\r\ny = """a\r\nb"""\r\n',
  'tabs and form feeds': 'if x:\n\ty = 1\n\tif z:\n\t\tw = 2\n\x0c\ndef f():\n    pass\n',
  'text in other scripts': '# Größe 大きさ 🚀\nx = "π ≈ 3.14159 🚀"\nprint(f"Größe: {x} 🚀")\n',
  'print in Python 2 dress': 'print (x), y\nprint(x, file=None)\n',
  'classes of its own':
    'import functools\nfrom dataclasses import dataclass, replace\nfrom typing import NamedTuple\n@dataclass(frozen=True)\nclass Tile:\n    rows: int = 64\n    label: str = "a"\n    def __post_init__(self): pass\nclass Sizes(NamedTuple):\n    T: int\nclass Launch:\n    __slots__ = ("_plan", "last", "depth")\n    def __init__(self, tile: "Tile", *, last=None) -> None:\n        self._plan, self.last = tile, last\n        self.depth: int = 0\n    def __call__(self, x):\n        self.depth += 1\n        return self._run(x)\n    def __enter__(self):\n        self.depth = 1\n        return self\n    def __exit__(self, *error):\n        del self.last\n    def __getitem__(self, grid): return functools.partial(self._run, grid)\n    def __repr__(self): return f"{type(self).__name__}({self._plan})"\n    def _run(self, x):\n        assert isinstance(x, type(self._plan)) or type(x) is torch.Tensor\n        return replace(self._plan, rows=1)\nclass Child(Launch):\n    def __init__(self):\n        super().__init__(Tile())\n        self.more = 1\nSizes(1)._replace(T=2)\n',
  'modules of its own':
    'class Gate(torch.nn.Module):\n    def __init__(self, n):\n        super(Gate, self).__init__()\n        self.n = n\n    def forward(self, x):\n        self.last = x.shape\n        return x\nGate(1)(2)\n',
  'decorators of its own':
    'import functools\ndef cached(function):\n    @functools.wraps(function)\n    def inner(*args):\n        return function(*args)\n    return inner\n@cached\ndef f(x): return x\n',
  generators:
    'def chunks(x):\n    for c in x:\n        yield c\n    try:\n        pass\n    finally:\n        pass\n',
  'parameters and locals with the names of modules':
    'def f(F, *tl, math=1, **torch):\n    return F.load, [tl.os_ for x in y], torch\ndef g(x):\n    B, T, H, S = x.shape\n    F = H * S\n    return x + T + B\n',
  'functions in docstrings':
    'def f(x):\n    """Doubles.\n\n    >>> def g(x): return x\n    The def of it (see there).\n    """\n',
  'plain format strings':
    'x = "{} {name:>8} {{}} {0:.3f}".format(1, name=2)\nprint(\'{}\'.format(x))\nformat(x, ".2f")\n',
  'device state':
    'if torch.cuda.is_available() and not torch.compiler.is_compiling():\n    major, minor = torch.cuda.get_device_capability(x.device)\nwith torch.cuda.device(x.device), torch.autocast("cuda", enabled=False), torch.no_grad(), torch.inference_mode():\n    torch.cuda.nvtx.range_push("x")\n',
  'core names of Triton':
    'def f(x: tl.core.tensor, t: tl.core.constexpr):\n    return tl.core.where(x, tl.core.full((1,), 0, tl.float32), t)\n',
  'soft keywords as names': 'match = 1\ncase = match\ntype = case\n_ = type\nprint(match, case, _)\n',
};

describe('what passes', () => {
  for (const [name, code] of Object.entries(honest))
    it(name, () => {
      expect(judgeCode(code)).toEqual([]);
    });

  it('future imports first', () => {
    expect(judgeFiles({ chunk: `"""doc"""\nfrom __future__ import annotations\n${REQUIRED}` })).toEqual([]);
  });

  it('empty files beside chunk.py', () => {
    expect(judgeFiles({ gate: '', forward_substitution: '\n', fused_recurrent: '# nothing' })).toEqual([]);
  });
});
