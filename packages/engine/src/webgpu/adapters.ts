import { DpoError } from '@dpo/base';
import { findGpu } from '#find-gpu';
import type { DeviceName } from '../shared/device-name.js';
import type { GpuAdapter, GpuLimits } from './gpu.js';

/** An adapter, and WebGPU's object for it. An object gives one device only. */
export interface OpenAdapter {
  readonly about: GpuAdapter;
  readonly adapter: GPUAdapter;
}

/** What WebGPU finds on this machine. */
export interface GpuSearch {
  readonly adapters: readonly OpenAdapter[];
  /** The reason why there are no adapters, and what to do about it. */
  readonly problem?: { readonly why: string; readonly hint: string } | undefined;
}

/**
 * The adapters of WebGPU: the fast one, the one that saves power, and the software one, as far as they are three. WebGPU has no list
 * of all.
 */
export async function searchAdapters(): Promise<GpuSearch> {
  const access = await findGpu();
  if (access.gpu === undefined) return { adapters: [], problem: access };
  const requests: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  const adapters = new Map<string, OpenAdapter>();
  let count = 0;
  for (const request of requests) {
    const adapter = await access.gpu.requestAdapter(request).catch(() => null);
    if (adapter === null) continue;
    const { name, software } = describe(adapter);
    if (adapters.has(name)) continue;
    const about: GpuAdapter = {
      device: software ? 'cpu' : `gpu:${count++}`,
      name,
      software,
      limits: limitsOf(adapter),
      features: [...adapter.features].sort(),
    };
    adapters.set(name, { about, adapter });
  }
  if (adapters.size > 0) return { adapters: [...adapters.values()] };
  return { adapters: [], problem: noAdapter };
}

const noAdapter = {
  why: 'WebGPU finds no adapter',
  hint: 'Install the GPU’s driver (under Linux its Vulkan driver, and libvulkan1), or use the WebAssembly engine.',
};

/** The adapters of this machine, as plain JSON; none without WebGPU. In Node, loads Dawn when the package is installed. */
export async function listAdapters(): Promise<readonly GpuAdapter[]> {
  return (await searchAdapters()).adapters.map(({ about }) => about);
}

/**
 * The adapter for a device name: `auto` and `gpu` are the first GPU, `gpu:N` the Nth, and `cpu` the software adapter.
 *
 * @throws DpoError `engine.no-adapter` when WebGPU finds none, `engine.only-software` when it finds software only and a GPU was
 *   asked for, `engine.no-device` when there is no such GPU or no software adapter
 */
export function chooseAdapter({ adapters, problem = noAdapter }: GpuSearch, device: DeviceName): OpenAdapter {
  const { why, hint } = problem;
  if (adapters.length === 0)
    throw new DpoError('engine.no-adapter', `WebGPU cannot compute on this machine: ${why}.`, {
      values: { why },
      hint,
    });
  const name = device === 'auto' || device === 'gpu' ? 'gpu:0' : device;
  const chosen = adapters.find(({ about }) => about.device === name);
  if (chosen !== undefined) return chosen;
  const names = adapters.map(({ about }) => `${about.device} (${about.name})`);
  if (adapters.every(({ about }) => about.software))
    throw new DpoError('engine.only-software', `WebGPU finds no GPU, only a software adapter: ${names.join(', ')}.`, {
      values: { device, adapters: names },
      hint: 'Install the driver of the GPU, or use the WebAssembly engine, which is faster. Device cpu computes on the software adapter.',
    });
  throw new DpoError('engine.no-device', `WebGPU has no ${device}, only ${names.join(', ')}.`, {
    values: { device, adapters: names },
    hint: `Use one of these: ${adapters.map(({ about }) => about.device).join(', ')}.`,
  });
}

/** Properties of adapters that older browsers lack. */
interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

/** The adapter's description by its maker, which browsers shorten. */
export function infoOf(adapter: GPUAdapter): AdapterInfo {
  const { info, isFallbackAdapter } = adapter as { info?: AdapterInfo; isFallbackAdapter?: boolean };
  const { vendor, architecture, device, description } = info ?? {};
  return {
    ...(vendor && { vendor }),
    ...(architecture && { architecture }),
    ...(device && { device }),
    ...(description && { description }),
    isFallbackAdapter: info?.isFallbackAdapter ?? isFallbackAdapter ?? false,
  };
}

/** Programs that emulate a GPU. Not all of them say so of themselves. */
const emulators = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

function describe(adapter: GPUAdapter): Pick<GpuAdapter, 'name' | 'software'> {
  const { vendor, architecture, device, description, isFallbackAdapter } = infoOf(adapter);
  const maker = [vendor, architecture].filter(Boolean).join(' ');
  const name = [description ?? device, maker && `(${maker})`].filter(Boolean).join(' ') || 'unnamed adapter';
  return { name, software: isFallbackAdapter === true || emulators.test(`${name} ${device}`) };
}

function limitsOf({ limits }: GPUAdapter): GpuLimits {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = limits;
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = limits;
  return {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup,
  };
}
