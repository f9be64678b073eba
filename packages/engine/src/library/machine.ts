import { readFile } from 'node:fs/promises';

/** The processor's features that matter to engines, under Linux's names; none on other systems. */
export async function cpuFlags(): Promise<readonly string[]> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return featuresIn(text);
}

// Every processor of the last fifteen years has sse4_2, so that an empty list means that the features are unknown.
const features = ['sse4_2', 'avx', 'avx2', 'fma', 'f16c', 'avx512f', 'avx512_bf16', 'amx_bf16', 'amx_tile'];

/** The features that matter to engines, out of the text of a /proc/cpuinfo. */
export function featuresIn(cpuinfo: string): readonly string[] {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/));
  return features.filter((feature) => flags.has(feature));
}

/** The properties of a machine that libtensorflow depends on. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly cpuFlags: readonly string[];
  /** The version of the GNU C library; undefined when the system has another C library. */
  readonly glibc: string | undefined;
}

/** This machine. */
export async function thisMachine(): Promise<Machine> {
  const { platform, arch } = process;
  return { platform, arch, cpuFlags: await cpuFlags(), glibc: platform === 'linux' ? glibcVersion() : undefined };
}

/**
 * The reason why no libtensorflow can run on a machine; undefined when one can. TensorFlow's builds for x64 need AVX, without
 * which the first call would end the process with an illegal instruction. The builds for Linux need the GNU C library of 2018
 * or later.
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
