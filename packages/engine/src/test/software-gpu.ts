import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openPortable } from '../portable/open-portable.js';
import type { Engine } from '../types.js';
import { searchAdapters } from '../webgpu/adapters.js';

/** The folder in which Debian's Chromium keeps SwiftShader, a Vulkan device on the processor, and Vulkan's loader. */
const chromium = '/usr/lib/chromium';

/** An opener of engines on WebGPU's software adapter, or the reason why the machine has no such adapter. */
export interface SoftwareGpu {
  readonly open: () => Promise<Engine>;
  readonly missing: string | undefined;
  /** For the names of tests: says when and why they are left out. */
  readonly title: string;
}

let only: Promise<SoftwareGpu> | undefined;

/** Looks for WebGPU's software adapter, for tests. Loads Dawn. */
export function softwareGpu(): Promise<SoftwareGpu> {
  only ??= look();
  return only;
}

async function look(): Promise<SoftwareGpu> {
  const driver = join(chromium, 'vk_swiftshader_icd.json');
  if (!process.env.VK_ICD_FILENAMES && existsSync(driver)) process.env.VK_ICD_FILENAMES = driver;
  const loader = join(chromium, 'libvulkan.so.1');
  // Dawn looks for the loader by its name, under which a loaded library is found.
  if (existsSync(loader)) (await import('koffi')).default.load(loader);
  const { adapters, problem } = await searchAdapters();
  const isThere = adapters.some(({ about }) => about.software);
  const missing = isThere
    ? undefined
    : (problem?.why ?? 'there is no software adapter, which Debian’s chromium brings');
  return {
    open: () => openPortable('webgpu', { device: 'cpu' }),
    missing,
    title: missing === undefined ? 'WebGPU' : `WebGPU (left out: ${missing})`,
  };
}

/**
 * Whether the tests on WebGPU are to be complete (`DPO_TEST_WEBGPU=all`, as `tooling/webgpu` sets it). A software adapter takes many
 * minutes for all of them.
 */
export const allOnWebGpu = process.env.DPO_TEST_WEBGPU === 'all';
