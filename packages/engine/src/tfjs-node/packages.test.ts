import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineInfo } from '../library/engine-info.js';
import { openEngine } from '../open-engine.js';
import { findTfjsNode } from './find-package.js';
import { openTfjsNode } from './open-tfjs-node.js';

let project: string;
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'dpo-tfjs-node-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(project, { recursive: true, force: true });
});

/** Writes a package of a name into the project. The binding is present when it has a text. */
async function writePackage(name: 'tfjs-node' | 'tfjs-node-gpu', main: string, binding?: string): Promise<string> {
  const folder = join(project, 'node_modules', '@tensorflow', name);
  await mkdir(join(folder, 'lib', 'napi-v8'), { recursive: true });
  const about = { name: `@tensorflow/${name}`, version: '4.22.0', main: 'index.js' };
  await writeFile(join(folder, 'package.json'), JSON.stringify(about));
  await writeFile(join(folder, 'index.js'), main);
  if (binding !== undefined) await writeFile(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'), binding);
  return folder;
}

const loadsBinding = "require('./lib/napi-v8/tfjs_binding.node');";

describe('a package that cannot compute', () => {
  it('is missing from the project', async () => {
    expect(findTfjsNode(project)).toEqual([]);
    await expect(openTfjsNode({ from: project })).rejects.toMatchObject({
      code: 'engine.no-tfjs-node',
      hint: expect.stringContaining('npm install @tensorflow/tfjs-node-gpu@4.22.0'),
    });
  });

  it('has no binding, unless the other package has one', async () => {
    const folder = await writePackage('tfjs-node-gpu', loadsBinding);
    await expect(openTfjsNode({ from: project })).rejects.toMatchObject({
      code: 'engine.no-binding',
      values: { package: '@tensorflow/tfjs-node-gpu', folder },
      hint: expect.stringContaining('npm rebuild @tensorflow/tfjs-node-gpu --build-addon-from-source'),
    });
    await writePackage('tfjs-node', loadsBinding, 'no binding');
    await expect(openTfjsNode({ from: project })).rejects.toMatchObject({
      code: 'engine.library-unloadable',
      values: { package: '@tensorflow/tfjs-node' },
    });
    expect(findTfjsNode(project)).toMatchObject([{ isBuilt: false }, { isBuilt: true, version: '4.22.0' }]);
  });

  it('has a binding whose TensorFlow does not load', async () => {
    const main = `throw new Error('libtensorflow.so.2: cannot open shared object file\\n  at somewhere')`;
    const folder = await writePackage('tfjs-node', main, '');
    await expect(openTfjsNode({ from: project })).rejects.toMatchObject({
      code: 'engine.library-unloadable',
      message: `@tensorflow/tfjs-node in ${folder} does not load: libtensorflow.so.2: cannot open shared object file`,
    });
  });

  it('leaves plain JavaScript’s kernels, the gradients and the current backend as they were', async () => {
    await openTfjsNode({ from: project }).catch(() => undefined);
    await tf.setBackend('cpu');
    const before = [tf.getKernel('BatchMatMul', 'cpu'), tf.getGradient('BatchMatMul')];
    // A copy of tfjs in the package registers its own.
    const main = `
      const tf = require(${JSON.stringify(new URL(import.meta.resolve('@tensorflow/tfjs-core')).pathname)});
      const other = () => { throw new Error('the wrong one'); };
      tf.unregisterKernel('BatchMatMul', 'cpu');
      tf.registerKernel({ kernelName: 'BatchMatMul', backendName: 'cpu', kernelFunc: other });
      tf.registerGradient({ kernelName: 'BatchMatMul', gradFunc: other });
      throw new Error('no TensorFlow');`;
    await writePackage('tfjs-node', main, '');
    await expect(openTfjsNode({ from: project })).rejects.toThrow('no TensorFlow');
    expect([tf.getKernel('BatchMatMul', 'cpu'), tf.getGradient('BatchMatMul')]).toEqual(before);
    expect(tf.getBackend()).toBe('cpu');
  });

  it('gets the functions of node:util that later releases of Node lack', async () => {
    const functions = util as unknown as Record<string, (x: unknown) => boolean>;
    await writePackage('tfjs-node', `throw new Error(String(require('util').isNullOrUndefined(null)))`, '');
    const own = functions.isNullOrUndefined;
    Reflect.deleteProperty(functions, 'isNullOrUndefined');
    try {
      await expect(openTfjsNode({ from: project })).rejects.toThrow('does not load: true');
      expect([undefined, null, 0, ''].map((x) => functions.isNullOrUndefined?.(x))).toEqual([true, true, false, false]);
    } finally {
      Object.defineProperty(util, 'isNullOrUndefined', { value: own, configurable: true, writable: true });
    }
  });
});

describe('openEngine', () => {
  it('does not work in several processes', async () => {
    const cluster = { hosts: ['a:1', 'b:1'], rank: 0 };
    await expect(openEngine({ kind: 'tfjs-node', cluster })).rejects.toMatchObject({ code: 'engine.unavailable' });
  });

  it('says of an installed package that does not load why another engine runs', async () => {
    await writePackage('tfjs-node', `throw new Error('no TensorFlow')`, '');
    vi.spyOn(process, 'cwd').mockReturnValue(project);
    for (const name of ['PATH', 'XDG_CACHE_HOME']) vi.stubEnv(name, project);
    vi.stubEnv('DPO_LIBTENSORFLOW', '');
    const info = await engineInfo();
    expect(info.tfjsNode).toMatchObject([{ name: '@tensorflow/tfjs-node', isBuilt: true }]);
    if (info.engine === 'webgpu') return;
    expect(info.engine).toBe('wasm');
    expect(info.description).toMatch(/no libtensorflow was found.*tfjs-node cannot be used: .*no TensorFlow/);
  });
});
