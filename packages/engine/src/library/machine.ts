import { readFile } from 'node:fs/promises';

/** The processor's features that matter here, as Linux lists them; none elsewhere. */
export async function cpuFlags(): Promise<readonly string[]> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return featuresIn(text);
}

// sse4_2 is on every processor of the last fifteen years: an empty list means that nothing is known.
const features = ['sse4_2', 'avx', 'avx2', 'fma', 'f16c', 'avx512f', 'avx512_bf16', 'amx_bf16', 'amx_tile'];

/** Those of the features that a /proc/cpuinfo lists. */
export function featuresIn(cpuinfo: string): readonly string[] {
  const listed = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/));
  return features.filter((feature) => listed.has(feature));
}

/** What libtensorflow needs of a machine besides its files. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly cpuFlags: readonly string[];
  /** The C library's version; undefined where it is not the GNU one. */
  readonly glibc: string | undefined;
}

/** This machine. */
export async function thisMachine(): Promise<Machine> {
  const { platform, arch } = process;
  return { platform, arch, cpuFlags: await cpuFlags(), glibc: platform === 'linux' ? glibcVersion() : undefined };
}

/**
 * Why no libtensorflow can run on a machine: TensorFlow's builds for x64 need AVX (without it the first call would end
 * the process with an illegal instruction), those for Linux the GNU C library of 2018 or later. Undefined where it can.
 */
export function whyNoTensorFlow({ platform, arch, cpuFlags, glibc }: Machine): string | undefined {
  if (platform !== 'linux') return undefined;
  if (arch === 'x64' && cpuFlags.length > 0 && !cpuFlags.includes('avx')) return 'the processor has no AVX';
  if (glibc === undefined) return 'this system’s C library is not glibc (Alpine Linux, for one)';
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 27) ? undefined : `glibc is ${glibc}, and 2.27 is needed`;
}

function glibcVersion(): string | undefined {
  const report: unknown = process.report.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined;
  const { header } = report;
  if (typeof header !== 'object' || header === null || !('glibcVersionRuntime' in header)) return undefined;
  return typeof header.glibcVersionRuntime === 'string' ? header.glibcVersionRuntime : undefined;
}
