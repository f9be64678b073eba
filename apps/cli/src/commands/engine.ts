import {
  cudaDownloadBytes,
  type EngineInfo,
  engineInfo,
  findLibrary,
  installCudaLibraries,
  installLibrary,
  missingCudaLibraries,
  tensorflowVersion,
  wheelFor,
} from '@dpo/engine';
import { megabytes } from '@dpo/run/command-line';
import { z } from 'zod';
import { asTyped } from '../command/as-typed.js';
import { type Context, defineCommand } from '../command/define.js';

/** `dpo engine install`: fetches TensorFlow's library. */
export const engineInstallCommand = defineCommand({
  name: 'engine install',
  summary: `Fetch TensorFlow ${tensorflowVersion}'s library, which makes training fast`,
  options: z.strictObject({
    cuda: z
      .boolean()
      .default(false)
      .describe('The library for NVIDIA GPUs (Linux x64), and CUDA 12 when the system has none'),
    webgpu: z.boolean().default(false).describe('Says how WebGPU is installed, for the GPUs of other makers'),
    cudaLibraries: z.boolean().default(true).describe('With --cuda, fetches the CUDA libraries that the system lacks'),
    ifMissing: z
      .boolean()
      .default(false)
      .describe('Only when no library is found, and without an error when it cannot be fetched'),
  }),
  details:
    'The library comes out of TensorFlow’s own Python wheel, by the pip of any Python on this machine, into the cache.',
  run: async ({ cuda, webgpu, cudaLibraries, ifMissing }, context) => {
    if (webgpu) {
      for (const line of howToInstallWebGpu) context.out(line);
      return 0;
    }
    if (ifMissing && (await findLibrary()) !== undefined) return 0;
    try {
      await installWithProgress(cuda, context);
      if (cuda && cudaLibraries) await installCudaWithProgress(context);
    } catch (error) {
      if (!ifMissing || context.signal.aborted) throw error;
      context.note(`${(error as Error).message} The portable engine is used instead.`);
    }
    return 0;
  },
});

const howToInstallWebGpu = [
  'WebGPU computes on the GPUs of Apple, AMD, Intel and NVIDIA. In Node it comes as two packages of npm, beside dpo (131 MB and 17 MB on disk):',
  '',
  '  npm install webgpu @tensorflow/tfjs-backend-webgpu',
  '',
  'No script has to run. Linux also needs the Vulkan driver of the GPU, and libvulkan1. `dpo engine info` then lists the adapters.',
];

/** Fetches the library, unless the cache has it, with progress. Returns the library's folder. */
export async function installWithProgress(cuda: boolean, context: Context): Promise<string> {
  const size = wheelFor(cuda)?.bytes ?? 0;
  let isFetching = false;
  const { folder } = await installLibrary({
    cuda,
    signal: context.signal,
    onProgress: ({ phase, bytes, total }) => {
      if (!isFetching)
        context.note(`Fetching TensorFlow ${tensorflowVersion} (${megabytes(size)} to download, once) …`);
      isFetching = true;
      context.progress(
        `${phase === 'download' ? 'Downloading' : 'Unpacking'} TensorFlow: ${megabytes(bytes)} of ${megabytes(total)}`,
      );
    },
  });
  context.note(
    isFetching ? `TensorFlow is in ${folder}.` : `TensorFlow ${tensorflowVersion} is there already: ${folder}.`,
  );
  return folder;
}

/** Fetches all of NVIDIA's libraries when the system's loader lacks some: they belong together. */
async function installCudaWithProgress(context: Context): Promise<void> {
  const missing = missingCudaLibraries();
  if (missing.length === 0) {
    context.note('The system has the CUDA libraries.');
    return;
  }
  context.note(
    `The system has no ${missing.join(', ')}. Fetching CUDA 12 (${megabytes(cudaDownloadBytes)} to download, once) …`,
  );
  const folder = await installCudaLibraries({
    signal: context.signal,
    onProgress: ({ bytes, total }) => context.progress(`Downloading CUDA: ${megabytes(bytes)} of ${megabytes(total)}`),
  });
  context.note(`The CUDA libraries are in ${folder}. The driver (libcuda.so.1) comes with the system.`);
}

/** `dpo engine info`: what computes here, and why. */
export const engineInfoCommand = defineCommand({
  name: 'engine info',
  summary: 'Show which engine runs here, and why',
  options: z.strictObject({ json: z.boolean().default(false).describe('JSON instead of text') }),
  run: async ({ json }, context) => {
    const info = await engineInfo();
    const lines = engineInfoLines(info).join('\n');
    context.out(json ? JSON.stringify(info, null, 2) : asTyped(lines, context.program, ['engine']));
    return 0;
  },
});

function engineInfoLines(info: EngineInfo): string[] {
  const unsuitable = info.libraries.filter((library) => library.unsuitable !== undefined);
  return [
    `Engine    ${info.description}`,
    `Library   ${info.library === undefined ? 'none found' : `${info.library.folder} (${info.library.source})`}`,
    ...unsuitable.map((library) => `          ${library.folder} is passed over: ${library.unsuitable}`),
    ...adapterTexts(info).map((text, i) => `${i === 0 ? 'WebGPU' : '      '}    ${text}`),
    ...tfjsNodeTexts(info).map((text) => `tfjs-node ${text}`),
    `Machine   ${info.platform}, Node ${info.node}, ${info.cores} cores, ${megabytes(info.memoryBytes)} memory`,
    `CPU       ${info.cpuFlags.join(' ') || 'features unknown'}`,
    `Cache     ${info.cache}`,
  ];
}

/** WebGPU's adapters, a text to each, with the limits that decide which models fit; or why there is none. */
export function adapterTexts({ adapters, noAdapters }: EngineInfo): string[] {
  if (adapters.length === 0) return [`none: ${noAdapters}`];
  return adapters.map(({ device, name, software, limits }) => {
    const [buffer, binding] = [limits.maxBufferSize, limits.maxStorageBufferBindingSize].map(megabytes);
    return `${device}: ${name}${software ? ', software' : ''}; tensors up to ${buffer}, ${binding} at once`;
  });
}

/** The installed packages of tfjs with a native backend, a text to each. */
export function tfjsNodeTexts({ tfjsNode }: Pick<EngineInfo, 'tfjsNode'>): string[] {
  return tfjsNode.map(({ name, version, folder, isBuilt }) => {
    const state = isBuilt ? '' : `, without its native binding (run: npm rebuild ${name} --build-addon-from-source)`;
    return `${name} ${version} in ${folder}${state}`;
  });
}
