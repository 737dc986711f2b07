/**
 * What may be reached through an imported module. The rule: its own functions, classes and values, and the namespaces
 * listed here; never a module that it happens to have imported itself, a loader, a compiler of its own, or a private
 * name. Names were taken from torch 2.13 and triton 3.7; unknown ones pass, because versions differ.
 */
import { isListed, isUnlisted, TORCH_CAPITALS, words } from './listed-names.ts';
import { parentOf } from './module-policy.ts';

/** Modules that are reached by attribute from an importable one, without an import of their own. */
export const NAMESPACES: ReadonlySet<string> = new Set([
  ...words(
    'accelerator amp autograd backends compiler cpu cuda fft func jit library linalg masked nested nn ops profiler random signal sparse special types utils version',
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

/** Names that load code or files, compile source, replace operators or allocators, or are modules of no use to a kernel. */
const REFUSED: Readonly<Record<string, ReadonlySet<string>>> = {
  torch: new Set(
    words(
      'ao classes classproperty cpp distributed distributions export fork from_file frombuffer functional futures fx get_device_module get_file_path hub import_ir_module import_ir_module_from_buffer load merge_type_from_type_comment monitor mps mtia multiprocessing onnx optim overrides package parse_ir parse_schema parse_type_comment init_num_threads prepare_multiprocessing_environment quantization quasirandom return_types save serialization set_autocast_cache_enabled set_autocast_cpu_dtype set_autocast_cpu_enabled set_autocast_dtype set_autocast_enabled set_autocast_gpu_dtype set_default_device set_default_dtype set_default_tensor_type set_num_interop_threads set_num_threads storage testing torch_version unify_type_list wait windows xpu',
    ),
  ),
  'torch.nn': new Set(
    words('DataParallel ParameterDict common_types intrinsic modules parallel qat quantizable quantized'),
  ),
  'torch.nn.functional': new Set(
    words('boolean_dispatch grad handle_torch_function has_torch_function has_torch_function_variadic'),
  ),
  'torch.ops': new Set(words('import_module load_library loaded_libraries')),
  'triton.language': new Set(['semantic']),
  'triton.language.core': new Set(
    words(
      'Enum JITCallable TRITON_BUILTIN TypeVar builtin builtin_max builtin_min cached_property contextmanager dataclass dispatch extern ir is_builtin knobs must_use_result partial warn wraps',
    ),
  ),
  'triton.language.random': new Set(['jit']),
  'triton.language.standard': new Set(words('constexpr_function jit')),
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

/** Functions that change what they are given: only a decorator's is always the code's own. */
export const DECORATORS_ONLY: ReadonlySet<string> = new Set(['functools.wraps', 'dataclasses.dataclass']);
/** Functions that evaluate annotations unless they are given a schema. */
export const NEED_SCHEMA: ReadonlySet<string> = new Set(
  words('torch.library.custom_op torch.library.triton_op'),
);
/** Its options name compilers and code to run. */
export const COMPILER = 'torch.compile';
/** It compiles the source that it finds of a function, which is not the function's own when others wrapped it. */
export const JIT = 'triton.jit';
/** Every function that has a rule of its own. */
export const JUDGED_BY_NAME: ReadonlySet<string> = new Set([
  ...DECORATORS_ONLY,
  ...NEED_SCHEMA,
  COMPILER,
  JIT,
]);

/** Short names under which torch and triton keep modules that they imported. */
const MODULE_ALIASES: ReadonlySet<string> = new Set(words('F core fwAD m tl'));

/** Private functions of torch and triton that fast kernels do use. */
const PRIVATE_BUT_USEFUL =
  /^_(?:addmm|assert|check|efficient_|experimental|flash|foreach|fused|grouped|int_mm|log_softmax|scaled|softmax|weight_)/;

/** Classes that hear every operation, and classes of classes. */
const HEARS_OR_MAKES_CLASSES = /(?:DispatchMode|FunctionMode|Meta)$/;

/** Attribute names refused on any object at all: no honest kernel has them. */
export const NEVER: ReadonlySet<string> = new Set(
  words(
    'builtins cpp_extension ctypes gc importlib inspect load_inline load_library multiprocessing os pathlib pickle pkgutil runpy shutil socket subprocess sys tempfile threading tofile fromfile',
  ).concat(
    words('_evaluate _unsafe_update_src get_capture_scope py_impl py_kernels used_global_vals'),
    // Methods that open files or set attributes by name, and what leads from a Triton kernel to modules.
    words(
      'builtin_namespace create_binder debug_dump device_caches dump dumps from_buffer from_file get_module_map',
    ),
    words('exec_module gscope load_module lscope module_map py_functionalize_impl register set_submodule'),
    words('source_to_code'),
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
  if (isListed(path)) return isUnlisted(path, name);
  if (path === 'torch' && /^[A-Z]/.test(name) && !TORCH_CAPITALS.has(name)) return true;
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

/** Objects' own names that modules have too, and whose modules could do nothing here. */
const NOT_ONLY_MODULES: ReadonlySet<string> = new Set(
  words('array calendar math numbers platform queue random resource select statistics test time token'),
);
/** Names under which torch, triton and the standard library keep modules, and errors what lacked an attribute. */
const KEPT_MODULES: ReadonlySet<string> = new Set(words('bltns knobs lang loader obj'));

/** Whether an object of unknown origin that has this attribute is likely a module: an honest object's is its own. */
export function namesModule(name: string): boolean {
  return (FOREIGN.has(name) && !NOT_ONLY_MODULES.has(name)) || KEPT_MODULES.has(name);
}

const SETTINGS: ReadonlySet<string> = new Set(
  words(
    'allow_bf16_reduced_precision_reduction allow_fp16_accumulation allow_fp16_reduced_precision_reduction allow_tf32 benchmark benchmark_limit deterministic enabled fp32_precision max_size strategy',
  ),
);

/** Global switches that torch documents as attributes to assign, such as `torch.backends.cuda.matmul.allow_tf32`. */
export function isDocumentedSetting(path: string): boolean {
  const module = parentOf(path);
  return module.startsWith('torch.backends.') && SETTINGS.has(path.slice(module.length + 1));
}
