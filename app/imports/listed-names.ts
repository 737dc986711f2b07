/**
 * Modules of which only these names are reached. What else they have are modules of the standard library, ctypes, files,
 * threads, or functions that evaluate strings, set attributes by name, build classes or replace operators. Names were
 * taken from torch 2.13, triton 3.7 and the pinned fla.
 */

/** A list written as one line of words. */
export const words = (text: string): readonly string[] => text.split(' ');

const NAMES: Readonly<Record<string, string>> = {
  functools: 'cache cached_property lru_cache partial reduce wraps',
  dataclasses: 'KW_ONLY FrozenInstanceError InitVar asdict astuple dataclass field replace',
  typing:
    'Annotated Any AnyStr Callable ClassVar Concatenate DefaultDict Deque Dict Final FrozenSet Generator Generic Hashable Iterable Iterator List Literal Mapping MutableMapping MutableSequence NamedTuple NewType NoReturn Optional ParamSpec Sequence Set Sized Text Tuple Type TypeAlias TypeGuard TypeVar TypedDict Union TYPE_CHECKING cast overload',
  'fla.utils':
    'FLA_CACHE_RESULTS IS_AMD IS_GATHER_SUPPORTED IS_INTEL IS_INTEL_ALCHEMIST IS_NVIDIA IS_NVIDIA_BLACKWELL IS_NVIDIA_HOPPER IS_TF32_SUPPORTED IS_TMA_SUPPORTED SUPPORTS_AUTOTUNE_CACHE USE_CUDA_GRAPH autocast_custom_bwd autocast_custom_fwd autotune_cache_kwargs check_pytorch_version check_shared_mem contiguous custom_device_ctx device device_name device_platform get_abs_err get_all_max_shared_mem get_available_device get_err_ratio get_multiprocessor_count input_guard tensor_cache',
  'fla.ops.utils.index':
    'get_max_num_splits prepare_chunk_indices prepare_chunk_offsets prepare_cu_seqlens_from_lens prepare_cu_seqlens_from_mask prepare_lens prepare_lens_from_mask prepare_position_ids prepare_position_ids_kernel prepare_sequence_ids prepare_split_cu_seqlens prepare_token_indices',
  'fla.ops.utils.op':
    'div exp exp2 gather log log2 log_normalize make_tensor_descriptor normalize safe_dot safe_exp',
  'torch.accelerator':
    'current_accelerator current_device_index current_stream device_count device_index empty_cache is_available memory_allocated synchronize',
  'torch.amp': 'GradScaler autocast custom_bwd custom_fwd is_autocast_available',
  'torch.autograd':
    'Function backward enable_grad forward_ad function functional grad grad_mode graph inference_mode no_grad profiler set_grad_enabled',
  'torch.autograd.function': 'Function FunctionCtx once_differentiable',
  'torch.autograd.functional': 'hessian hvp jacobian jvp vhp vjp',
  'torch.autograd.grad_mode': 'enable_grad inference_mode no_grad set_grad_enabled',
  'torch.autograd.graph': 'disable_saved_tensors_hooks save_on_cpu saved_tensors_hooks',
  'torch.autograd.profiler': 'record_function',
  'torch.backends': 'cpu cuda cudnn cusparselt mha miopen mkl mkldnn mps nnpack openmp opt_einsum',
  'torch.backends.cuda':
    'allow_fp16_bf16_reduction_math_sdp can_use_cudnn_attention can_use_efficient_attention can_use_flash_attention cudnn_sdp_enabled cufft_plan_cache enable_cudnn_sdp enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp flash_sdp_enabled is_built is_flash_attention_available math_sdp_enabled matmul mem_efficient_sdp_enabled preferred_blas_library preferred_linalg_library sdp_kernel',
  'torch.backends.nnpack': 'flags is_available set_flags',
  'torch.compiler':
    'allow_in_graph assume_constant_result cudagraph_mark_step_begin disable is_compiling is_dynamo_compiling is_exporting reset',
  'torch.cpu': 'current_device device_count is_available synchronize',
  'torch.cuda':
    'CUDAGraph Event OutOfMemoryError Stream StreamContext amp can_device_access_peer current_device current_stream default_stream device device_count device_of empty_cache get_arch_list get_device_capability get_device_name get_device_properties graph graph_pool_handle graphs init is_available is_bf16_supported is_current_stream_capturing is_initialized is_tf32_supported make_graphed_callables manual_seed manual_seed_all max_memory_allocated max_memory_reserved mem_get_info memory memory_allocated memory_reserved memory_stats nvtx random reset_peak_memory_stats set_device stream streams synchronize',
  'torch.cuda.amp': 'GradScaler autocast custom_bwd custom_fwd',
  'torch.cuda.graphs': 'CUDAGraph graph graph_pool_handle is_current_stream_capturing make_graphed_callables',
  'torch.cuda.memory':
    'empty_cache max_memory_allocated max_memory_reserved mem_get_info memory_allocated memory_reserved memory_stats reset_peak_memory_stats',
  'torch.cuda.nvtx': 'mark range range_end range_pop range_push range_start',
  'torch.cuda.random': 'get_rng_state initial_seed manual_seed manual_seed_all seed set_rng_state',
  'torch.cuda.streams': 'Event Stream',
  'torch.func':
    'functional_call functionalize grad grad_and_value hessian jacfwd jacrev jvp linearize stack_module_state vjp vmap',
  'torch.jit': 'Final export ignore is_scripting is_tracing unused',
  'torch.library': 'custom_op triton_op wrap_triton',
  'torch.masked':
    'amax amin argmax argmin cumprod cumsum log_softmax logaddexp logsumexp mean median norm normalize prod softmax softmin std sum var',
  'torch.nested':
    'as_nested_tensor masked_select narrow nested_tensor nested_tensor_from_jagged to_padded_tensor',
  'torch.nn.attention': 'SDPBackend SDPAParams bias flex_attention sdpa_kernel',
  'torch.nn.attention.bias': 'CausalBias CausalVariant causal_lower_right causal_upper_left',
  'torch.nn.attention.flex_attention':
    'AuxOutput AuxRequest BlockMask and_masks create_block_mask create_mask flex_attention noop_mask or_masks',
  'torch.nn.parameter': 'Buffer Parameter UninitializedBuffer UninitializedParameter is_lazy',
  'torch.nn.utils': 'clip_grad_norm_ parameters_to_vector vector_to_parameters',
  'torch.profiler': 'record_function',
  'torch.signal': 'windows',
  'torch.signal.windows':
    'bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser nuttall',
  'torch.types': 'Device Number',
  'torch.utils': 'checkpoint dlpack',
  'torch.utils.checkpoint': 'checkpoint checkpoint_sequential set_checkpoint_early_stop',
  'torch.utils.dlpack': 'from_dlpack to_dlpack',
  'torch.version': '__version__ cuda debug git_version hip',
  triton:
    '__version__ CompilationError Config InterpreterError OutOfResources TritonError autotune cdiv constexpr_function heuristics jit language must_use_result next_power_of_2 reinterpret set_allocator',
  'triton.language.extra': 'cuda hip libdevice',
  'triton.language.extra.cuda':
    'convert_custom_float8_sm70 convert_custom_float8_sm80 gdc_launch_dependents gdc_wait globaltimer libdevice num_threads num_warps smid',
  'triton.language.extra.hip': 'libdevice memrealtime',
  'triton.language.math':
    'abs ceil cos div_rn erf exp exp2 fdiv floor fma log log2 rsqrt sin sqrt sqrt_rn umulhi',
  'triton.language.target_info': 'cuda_capability_geq is_cuda is_hip is_hip_cdna3 is_hip_cdna4',
};

const LISTED: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(NAMES).map(([path, names]) => [path, new Set(words(names))]),
);

/** Whether the module's names are listed, and this one is not among them. */
export function isUnlisted(path: string, name: string): boolean {
  return LISTED.get(path)?.has(name) === false;
}

/** Whether the module's names are listed. */
export const isListed = (path: string): boolean => LISTED.has(path);

/** Classes and constants of torch itself that begin with a capital; the others run threads, parse or load. */
export const TORCH_CAPITALS: ReadonlySet<string> = new Set(
  words(
    'BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor Event FloatTensor Generator GradScaler HalfTensor IntTensor LongTensor OutOfMemoryError ShortTensor Size Stream SymBool SymFloat SymInt Tensor',
  ),
);
