/**
 * What may be reached through an imported module. The rule: its own functions, classes and values, and the namespaces
 * listed here; never a module that it happens to have imported itself, a loader, a compiler of its own, or a private
 * name. Names were taken from torch 2.13 and triton 3.7; unknown ones pass, because versions differ.
 */
import { parentOf } from './module-policy.ts';

const words = (text: string): string[] => text.split(' ');

/** Modules that are reached by attribute from an importable one, without an import of their own. */
export const NAMESPACES: ReadonlySet<string> = new Set([
  ...words(
    'accelerator amp autograd backends compiler cpu cuda fft func jit library linalg masked mps nested nn ops profiler random return_types signal sparse special types utils version xpu',
  ).map((name) => `torch.${name}`),
  ...words('forward_ad function functional grad_mode graph profiler').map((name) => `torch.autograd.${name}`),
  ...words('cpu cuda cudnn cusparselt mha miopen mkl mkldnn mps nnpack openmp opt_einsum').map(
    (name) => `torch.backends.${name}`,
  ),
  ...words('amp graphs memory nvtx random streams').map((name) => `torch.cuda.${name}`),
  ...words('attention functional grad init parameter utils').map((name) => `torch.nn.${name}`),
  ...words('bias flex_attention').map((name) => `torch.nn.attention.${name}`),
  ...words('checkpoint dlpack').map((name) => `torch.utils.${name}`),
  ...words('aten prims').map((name) => `torch.ops.${name}`),
  'torch.signal.windows',
  'torch.sparse.semi_structured',
  ...words('core extra math random standard target_info').map((name) => `triton.language.${name}`),
  ...words('cuda hip libdevice cuda.libdevice hip.libdevice').map((name) => `triton.language.extra.${name}`),
]);

/**
 * Modules of which only these names are reached: what else they have evaluates strings, sets attributes by name, builds
 * classes or replaces operators.
 */
const ONLY: Readonly<Record<string, ReadonlySet<string>>> = {
  functools: new Set(words('cache cached_property lru_cache partial reduce wraps')),
  dataclasses: new Set(words('KW_ONLY FrozenInstanceError InitVar asdict astuple dataclass field replace')),
  typing: new Set(
    words(
      'Annotated Any AnyStr Callable ClassVar Concatenate DefaultDict Deque Dict Final FrozenSet Generator Generic Hashable Iterable Iterator List Literal Mapping MutableMapping MutableSequence NamedTuple NewType NoReturn Optional ParamSpec Sequence Set Sized Text Tuple Type TypeAlias TypeGuard TypeVar TypedDict Union TYPE_CHECKING cast overload',
    ),
  ),
  'torch.autograd.function': new Set(words('Function FunctionCtx once_differentiable')),
  'torch.autograd.graph': new Set(words('disable_saved_tensors_hooks save_on_cpu saved_tensors_hooks')),
  'torch.library': new Set(words('custom_op triton_op wrap_triton')),
  'torch.nn.attention.flex_attention': new Set(
    words(
      'AuxOutput AuxRequest BlockMask and_masks create_block_mask create_mask flex_attention noop_mask or_masks',
    ),
  ),
  'torch.nn.utils': new Set(words('clip_grad_norm_ parameters_to_vector vector_to_parameters')),
  'torch.utils': new Set(words('checkpoint dlpack')),
  'torch.utils.checkpoint': new Set(words('checkpoint checkpoint_sequential set_checkpoint_early_stop')),
  'torch.profiler': new Set(['record_function']),
  'torch.autograd.profiler': new Set(['record_function']),
};

/** Names that load code or files, compile source, replace operators or allocators, or are modules of no use to a kernel. */
const REFUSED: Readonly<Record<string, ReadonlySet<string>>> = {
  torch: new Set(
    words(
      'ao classes cpp distributed distributions export from_file functional futures fx hub import_ir_module import_ir_module_from_buffer load monitor mtia multiprocessing onnx optim overrides package quantization quasirandom save serialization storage testing torch_version windows PyTorchFileReader PyTorchFileWriter',
    ),
  ),
  'torch.nn': new Set(words('common_types intrinsic modules parallel qat quantizable quantized')),
  'torch.accelerator': new Set(['set_stream']),
  'torch.autograd': new Set(words('anomaly_mode profiler_legacy profiler_util')),
  'torch.compiler': new Set(words('config load_cache_artifacts save_cache_artifacts')),
  'torch.cuda': new Set(
    words(
      'CUDAPluggableAllocator change_current_allocator gds green_contexts jiterator nccl profiler set_stream sparse tunable',
    ),
  ),
  'torch.cuda.memory': new Set(words('CUDAPluggableAllocator change_current_allocator')),
  'torch.jit': new Set(
    words(
      'CompilationUnit annotations frontend jit_module_from_flatbuffer load save save_jit_module_to_flatbuffer',
    ),
  ),
  'torch.xpu': new Set(['set_stream']),
  'torch.ops': new Set(words('import_module load_library loaded_libraries')),
  triton: new Set(
    words('backends compile compiler experimental instrumentation knobs profiler runtime testing tools'),
  ),
  'triton.language': new Set(['semantic']),
  'triton.language.core': new Set(words('ir knobs')),
  'triton.language.extra': new Set(['module']),
};

/** Modules of the standard library in Python 3.10 to 3.13, and of what a machine with torch has installed. */
const FOREIGN: ReadonlySet<string> = new Set(
  words(
    'abc aifc antigravity argparse ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl statistics stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit tkinter tokenize tomllib traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo',
  ).concat(
    words(
      'cffi einops filelock fla fsspec jinja2 networkx np numpy packaging pandas pybind11 requests scipy setuptools sympy torch transformers triton yaml',
    ),
  ),
);

/** Short names under which torch and triton keep modules that they imported. */
const MODULE_ALIASES: ReadonlySet<string> = new Set(words('F core fwAD m tl'));

/** Private functions of torch and triton that fast kernels do use. */
const PRIVATE_BUT_USEFUL =
  /^_(?:addmm|assert|check|efficient_|experimental|flash|foreach|fused|grouped|int_mm|log_softmax|scaled|softmax|weight)/;

/** Classes that hear every operation, and classes of classes. */
const HEARS_OR_MAKES_CLASSES = /(?:DispatchMode|FunctionMode|Meta)$/;

/** Attribute names refused on any object at all: no honest kernel has them. */
export const NEVER: ReadonlySet<string> = new Set(
  words(
    'builtins cpp_extension ctypes gc importlib inspect load_inline load_library multiprocessing os pathlib pickle pkgutil runpy shutil socket subprocess sys tempfile threading tofile fromfile',
  ).concat(
    words('_evaluate _unsafe_update_src get_capture_scope py_impl py_kernels used_global_vals'),
    words(
      'ag_frame ag_code co_code cr_code cr_frame f_back f_builtins f_code f_globals f_locals func_globals gi_code gi_frame mro tb_frame tb_next',
    ),
  ),
);

/** Double-underscore attributes that expose nothing. */
const HARMLESS_DUNDERS: ReadonlySet<string> = new Set(
  words(
    '__abs__ __add__ __and__ __aenter__ __aexit__ __aiter__ __anext__ __await__ __bool__ __call__ __contains__ __cuda_array_interface__ __delitem__ __dlpack__ __dlpack_device__ __doc__ __enter__ __eq__ __exit__ __float__ __floordiv__ __ge__ __getitem__ __gt__ __hash__ __iadd__ __index__ __init__ __int__ __invert__ __iter__ __itruediv__ __imul__ __isub__ __le__ __len__ __lshift__ __lt__ __matmul__ __mod__ __mul__ __name__ __ne__ __neg__ __next__ __or__ __pos__ __post_init__ __pow__ __qualname__ __radd__ __repr__ __rmul__ __rshift__ __rsub__ __rtruediv__ __setitem__ __str__ __sub__ __truediv__ __version__ __xor__',
  ),
);

export function isDunder(name: string): boolean {
  return name.length > 4 && name.startsWith('__') && name.endsWith('__');
}

/** Whether an attribute of this name is refused on every object. */
export function refusedEverywhere(name: string): boolean {
  return NEVER.has(name) || (isDunder(name) && !HARMLESS_DUNDERS.has(name));
}

/**
 * Whether `name` may not be reached from `path`, a module that torch, triton, the standard library or pinned fla owns.
 * What the task forbids, and the target files' own names, are judged elsewhere.
 */
export function isRefused(path: string, name: string): boolean {
  if (ONLY[path] !== undefined) return !ONLY[path].has(name);
  if (NAMESPACES.has(`${path}.${name}`)) return false;
  if (
    REFUSED[path]?.has(name) ||
    FOREIGN.has(name) ||
    HEARS_OR_MAKES_CLASSES.test(name) ||
    (NAMESPACES.has(path) && MODULE_ALIASES.has(name))
  )
    return true;
  return (
    name.startsWith('_') && !isDunder(name) && !path.startsWith('fla.') && !PRIVATE_BUT_USEFUL.test(name)
  );
}

/** Global switches that torch documents as attributes to assign, such as `torch.backends.cuda.matmul.allow_tf32`. */
export function isDocumentedSetting(path: string): boolean {
  return path.startsWith('torch.backends.') && parentOf(path) !== 'torch.backends';
}
