import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import koffi, { type LibraryHandle } from 'koffi';
import { withoutStandardError } from './_quiet.js';
import { openCudaLibraries } from './cuda-libraries.js';

/** An address in native memory: an opaque TensorFlow object. */
export type Pointer = bigint;

/** TensorFlow's TF_Output, passed by value: output `index` of operation `oper`. */
export interface Output {
  readonly oper: Pointer;
  readonly index: number;
}

/** The version line whose C API and semantics this code was written against. */
const SUPPORTED_VERSION = /^2\.21\./;

/** The library's files by platform, in the order in which they must be loaded; the last exports the C API. */
const LIBRARY_FILES: Readonly<Record<string, readonly string[]>> = {
  linux: ['libtensorflow_framework.so.2', 'libtensorflow_cc.so.2'],
  darwin: ['libtensorflow_framework.2.dylib', 'libtensorflow_cc.2.dylib'],
  win32: ['_pywrap_tensorflow_common.dll'],
};

/** The prototypes of the C functions that the engine calls. Typed arrays are passed as `void*`. */
const PROTOTYPES = {
  TF_Version: 'const char* TF_Version()',
  TF_NewStatus: 'void* TF_NewStatus()',
  TF_DeleteStatus: 'void TF_DeleteStatus(void*)',
  TF_GetCode: 'int TF_GetCode(void*)',
  TF_Message: 'const char* TF_Message(void*)',
  TF_AllocateTensor: 'void* TF_AllocateTensor(int, void*, int, size_t)',
  TF_DeleteTensor: 'void TF_DeleteTensor(void*)',
  TF_TensorData: 'void* TF_TensorData(void*)',
  TF_TensorByteSize: 'size_t TF_TensorByteSize(void*)',
  TF_TensorType: 'int TF_TensorType(void*)',
  TF_NumDims: 'int TF_NumDims(void*)',
  TF_Dim: 'int64_t TF_Dim(void*, int)',
  TF_NewGraph: 'void* TF_NewGraph()',
  TF_DeleteGraph: 'void TF_DeleteGraph(void*)',
  TF_NewOperation: 'void* TF_NewOperation(void*, const char*, const char*)',
  TF_FinishOperation: 'void* TF_FinishOperation(void*, void*)',
  TF_AddInput: 'void TF_AddInput(void*, TF_Output)',
  TF_AddInputList: 'void TF_AddInputList(void*, void*, int)',
  TF_AddControlInput: 'void TF_AddControlInput(void*, void*)',
  TF_SetAttrType: 'void TF_SetAttrType(void*, const char*, int)',
  TF_SetAttrBool: 'void TF_SetAttrBool(void*, const char*, uint8_t)',
  TF_SetAttrInt: 'void TF_SetAttrInt(void*, const char*, int64_t)',
  TF_SetAttrFloat: 'void TF_SetAttrFloat(void*, const char*, float)',
  TF_SetAttrString: 'void TF_SetAttrString(void*, const char*, void*, size_t)',
  TF_SetAttrShape: 'void TF_SetAttrShape(void*, const char*, void*, int)',
  TF_SetAttrTypeList: 'void TF_SetAttrTypeList(void*, const char*, void*, int)',
  TF_SetAttrFuncName: 'void TF_SetAttrFuncName(void*, const char*, const char*, size_t)',
  TF_SetAttrTensor: 'void TF_SetAttrTensor(void*, const char*, void*, void*)',
  TF_OperationOutputType: 'int TF_OperationOutputType(TF_Output)',
  TF_OperationNumOutputs: 'int TF_OperationNumOutputs(void*)',
  TF_GraphGetTensorNumDims: 'int TF_GraphGetTensorNumDims(void*, TF_Output, void*)',
  TF_GraphGetTensorShape: 'void TF_GraphGetTensorShape(void*, TF_Output, void*, int, void*)',
  TF_GraphSetTensorShape: 'void TF_GraphSetTensorShape(void*, TF_Output, void*, int, void*)',
  TF_GraphToFunctionWithControlOutputs:
    'void* TF_GraphToFunctionWithControlOutputs(void*, const char*, uint8_t, int, void*, int, void*, int, void*, const char**, int, void*, const char**, void*, const char*, void*)',
  TF_GraphCopyFunction: 'void TF_GraphCopyFunction(void*, void*, void*, void*)',
  TF_DeleteFunction: 'void TF_DeleteFunction(void*)',
  TFE_NewContextOptions: 'void* TFE_NewContextOptions()',
  TFE_ContextOptionsSetConfig: 'void TFE_ContextOptionsSetConfig(void*, void*, size_t, void*)',
  TFE_ContextListDevices: 'void* TFE_ContextListDevices(void*, void*)',
  TF_DeviceListCount: 'int TF_DeviceListCount(void*)',
  TF_DeviceListName: 'const char* TF_DeviceListName(void*, int, void*)',
  TF_DeviceListType: 'const char* TF_DeviceListType(void*, int, void*)',
  TF_DeviceListMemoryBytes: 'int64_t TF_DeviceListMemoryBytes(void*, int, void*)',
  TF_DeleteDeviceList: 'void TF_DeleteDeviceList(void*)',
  TFE_DeleteContextOptions: 'void TFE_DeleteContextOptions(void*)',
  TFE_NewContext: 'void* TFE_NewContext(void*, void*)',
  TFE_DeleteContext: 'void TFE_DeleteContext(void*)',
  TFE_ContextAddFunction: 'void TFE_ContextAddFunction(void*, void*, void*)',
  TFE_ContextRemoveFunction: 'void TFE_ContextRemoveFunction(void*, const char*, void*)',
  TFE_NewTensorHandle: 'void* TFE_NewTensorHandle(void*, void*)',
  TFE_DeleteTensorHandle: 'void TFE_DeleteTensorHandle(void*)',
  TFE_TensorHandleResolve: 'void* TFE_TensorHandleResolve(void*, void*)',
  TFE_NewOp: 'void* TFE_NewOp(void*, const char*, void*)',
  TFE_DeleteOp: 'void TFE_DeleteOp(void*)',
  TFE_OpSetDevice: 'void TFE_OpSetDevice(void*, const char*, void*)',
  TFE_OpAddInput: 'void TFE_OpAddInput(void*, void*, void*)',
  TFE_OpSetAttrType: 'void TFE_OpSetAttrType(void*, const char*, int)',
  TFE_OpSetAttrBool: 'void TFE_OpSetAttrBool(void*, const char*, uint8_t)',
  TFE_OpSetAttrFloat: 'void TFE_OpSetAttrFloat(void*, const char*, float)',
  TFE_OpSetAttrString: 'void TFE_OpSetAttrString(void*, const char*, void*, size_t)',
  TFE_OpSetAttrShape: 'void TFE_OpSetAttrShape(void*, const char*, void*, int, void*)',
  TFE_EnableCollectiveOps: 'void TFE_EnableCollectiveOps(void*, void*, size_t, void*)',
  TFE_Execute: 'void TFE_Execute(void*, void*, void*, void*)',
} as const;

type Argument = Pointer | Output | ArrayBufferView | readonly string[] | string | number | null;
type Result<Prototype> = Prototype extends `void* ${string}`
  ? Pointer
  : Prototype extends `const char* ${string}`
    ? string
    : Prototype extends `void ${string}`
      ? undefined
      : number;
type NativeFunction<Prototype> = {
  (...args: Argument[]): Result<Prototype>;
  async(...args: [...Argument[], (error: Error | null) => void]): void;
};

/** The TensorFlow C API. Names and argument order are TensorFlow's; see its c_api.h and eager/c_api.h. */
export type CApi = { readonly [K in keyof typeof PROTOTYPES]: NativeFunction<(typeof PROTOTYPES)[K]> };

const RTLD_LAZY = 1;

/** Whether the user has set a log level. */
const hasLogLevel = process.env.TF_CPP_MIN_LOG_LEVEL !== undefined;

/** The settings of all engines of a process, which TensorFlow reads when it is loaded. */
export interface LoadOptions {
  /** The bytes of the machine's memory that tensors may take. Default: the machine's or the container's memory. */
  readonly memoryLimit?: number | undefined;
  /** True keeps TensorFlow from logging errors that calls return as well. Default false. */
  readonly quiet?: boolean | undefined;
}

let loaded: { readonly folder: string; readonly api: CApi; readonly memoryLimit: number | undefined } | undefined;

/**
 * Loads libtensorflow from `folder`, once per process. A second call returns the same library. A call with another folder is an
 * error, since two copies of TensorFlow cannot live in one process.
 *
 * @throws DpoError `engine.library-unloadable` when the library is missing or does not load, `engine.library-version` when it is not
 *   2.21, `engine.library-twice` for another folder than the first, `engine.wrong-option` for another memory limit than the first
 */
export function loadTensorFlow(folder: string, { memoryLimit, quiet = false }: LoadOptions = {}): CApi {
  if (loaded !== undefined) {
    if (memoryLimit !== undefined && memoryLimit !== loaded.memoryLimit) throw limitedBefore(memoryLimit, loaded);
    if (loaded.folder === folder) return loaded.api;
    throw new DpoError('engine.library-twice', `TensorFlow was already loaded from ${loaded.folder}.`, {
      values: { folder, loaded: loaded.folder },
      hint: 'Use one copy of libtensorflow per process.',
    });
  }
  const paths = libraryFiles(folder);
  setDefaults(memoryLimit, quiet);
  configureKoffi();
  const api = hasLogLevel ? bind(folder, paths) : withoutStandardError(() => bind(folder, paths));
  loaded = { folder, api, memoryLimit };
  return api;
}

/** Sets the environment variables that TensorFlow reads when it loads. The user's own settings stay. */
function setDefaults(memoryLimit: number | undefined, quiet: boolean): void {
  // 2 = errors only, 3 = what ends the process.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= quiet ? '3' : '2';
  // By itself TensorFlow takes oneDNN's kernels only on the newest processors. On processors with AVX2 they save a fifth of the time
  // and the memory of a training step of GPT-2, too.
  if (process.arch === 'x64') process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // Without a limit TensorFlow takes up to all of the machine's memory, and the system ends a process that exceeds its container's
  // limit. There are two allocators, oneDNN's and TensorFlow's own.
  const allowed = memoryLimit ?? constrainedMemory();
  if (allowed === undefined) return;
  process.env.TF_MKL_ALLOC_MAX_BYTES ??= String(Math.floor(allowed));
  if (process.env.TF_ENABLE_ONEDNN_OPTS === '1') return;
  process.env.TF_CPU_ALLOCATOR_USE_BFC ??= 'true';
  process.env.TF_CPU_BFC_MEM_LIMIT_IN_MB ??= String(Math.floor(allowed / 2 ** 20));
}

/** The container's memory limit; undefined when it is no less than the machine's memory. */
function constrainedMemory(): number | undefined {
  const bytes = process.constrainedMemory();
  return bytes > 0 && bytes < totalmem() ? bytes : undefined;
}

function limitedBefore(memoryLimit: number, before: { readonly memoryLimit: number | undefined }): DpoError {
  return new DpoError('engine.wrong-option', 'TensorFlow’s memory limit cannot be changed once it is loaded.', {
    values: { memoryLimit, before: before.memoryLimit },
    hint: 'Give the limit to the first engine of the process, and give the other engines the same limit or none.',
  });
}

function libraryFiles(folder: string): readonly string[] {
  const names = LIBRARY_FILES[process.platform];
  if (names === undefined)
    throw new DpoError('engine.library-unloadable', `There is no libtensorflow for ${process.platform}.`, {
      values: { platform: process.platform },
      hint: 'Use the portable engine.',
    });
  const paths = names.map((name) => join(folder, name));
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0)
    throw new DpoError('engine.library-unloadable', `${missing.join(' and ')} not found.`, {
      values: { folder, missing },
      hint: 'Run `dpo engine install`, or point DPO_LIBTENSORFLOW at the folder that holds the library.',
    });
  return paths;
}

function bind(folder: string, paths: readonly string[]): CApi {
  try {
    openCudaLibraries(folder);
    const libraries = paths.map((path) => koffi.load(path, { global: true }));
    const library = libraries.at(-1) as LibraryHandle;
    for (const path of paths) keepLoaded(path);
    // Checked first, since another version may lack the other functions.
    checkVersion(folder, library.func(PROTOTYPES.TF_Version)());
    koffi.struct('TF_Output', { oper: 'void*', index: 'int' });
    return Object.fromEntries(
      Object.entries(PROTOTYPES).map(([name, prototype]) => [name, library.func(prototype)]),
    ) as unknown as CApi;
  } catch (cause) {
    if (DpoError.is(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DpoError('engine.library-unloadable', `TensorFlow could not be loaded: ${reason}`, {
      values: { paths },
      hint: 'The file may be incomplete, built for another machine, or lack a library that it needs (CUDA, glibc 2.27 or later).',
      cause,
    });
  }
}

function checkVersion(folder: string, version: string): void {
  if (SUPPORTED_VERSION.test(version)) return;
  throw new DpoError('engine.library-version', `The library in ${folder} is TensorFlow ${version}, not 2.21.`, {
    values: { folder, version, expected: '2.21' },
    hint: 'Run `dpo engine install`, or point DPO_LIBTENSORFLOW at a folder with TensorFlow 2.21.',
  });
}

/**
 * Keeps a library loaded until the process has ended. The FFI closes its libraries while Node shuts down, but TensorFlow's exit
 * handlers and threads run later: without this reference, the process would end in a crash.
 */
function keepLoaded(path: string): void {
  if (process.platform === 'win32') koffi.load('kernel32.dll').func('void* __stdcall LoadLibraryW(str16)')(path);
  else koffi.load(null).func('void* dlopen(const char*, int)')(path, RTLD_LAZY);
}

/** Enlarges the FFI's stacks: TensorFlow's optimizer and compiler recurse deeply, and the stacks of asynchronous calls are 128 KiB. */
function configureKoffi(): void {
  try {
    koffi.config({ sync_stack_size: 16 << 20, async_stack_size: 16 << 20, resident_async_pools: 1 });
  } catch {
    // Another user of koffi has loaded a library before, so that its settings hold.
  }
}
