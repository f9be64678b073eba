import { DpoError } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { BufferPool } from './buffer-pool.js';

const MB = 1e6;

/** A pool on a device that only counts. */
function poolOf() {
  const log: string[] = [];
  const createBuffer = ({ size, usage }: GPUBufferDescriptor): GPUBuffer => {
    log.push(`create ${size}`);
    return { size, usage, destroy: () => log.push(`destroy ${size}`) } as unknown as GPUBuffer;
  };
  return { pool: new BufferPool({ createBuffer, submit: () => log.push('submit') }), log };
}

describe('buffers', () => {
  it('serve the next tensor of their size and use', () => {
    const { pool, log } = poolOf();
    const first = pool.acquireBuffer(400, 1);
    pool.releaseBuffer(first);
    expect(pool.acquireBuffer(400, 2)).not.toBe(first);
    expect(pool.acquireBuffer(400, 1)).toBe(first);
    expect(log).toEqual(['create 400', 'create 400']);
    expect([pool.numBytesUsed, pool.numBytesAllocated, pool.peakBytes]).toEqual([800, 800, 800]);
  });

  it('are destroyed after a submission when more are allocated than were ever in use at once', () => {
    const { pool, log } = poolOf();
    pool.releaseBuffer(pool.acquireBuffer(100 * MB, 1));
    pool.trim();
    pool.releaseBuffer(pool.acquireBuffer(90 * MB, 1));
    expect(pool.numBytesAllocated).toBe(190 * MB);
    pool.trim();
    expect(log).toEqual([`create ${100 * MB}`, `create ${90 * MB}`, `destroy ${100 * MB}`]);
    expect([pool.numBytesUsed, pool.numBytesAllocated, pool.peakBytes]).toEqual([0, 90 * MB, 190 * MB]);
  });

  it('stay within a limit, for which free ones give way once recorded commands are submitted', () => {
    const { pool, log } = poolOf();
    const limit = { bytes: 100 * MB };
    pool.limits.add(limit);
    const first = pool.acquireBuffer(60 * MB, 1);
    expect(() => pool.acquireBuffer(50 * MB, 1)).toThrow(DpoError);
    expect(() => pool.acquireBuffer(50 * MB, 1)).toThrow(
      '50 MB more do not fit: 60 MB of the memory limit of 100 MB are in use.',
    );
    pool.releaseBuffer(first);
    log.length = 0;
    pool.acquireBuffer(50 * MB, 1);
    expect(log).toEqual(['submit', `destroy ${60 * MB}`, `create ${50 * MB}`]);
    pool.limits.delete(limit);
    pool.acquireBuffer(200 * MB, 1);
    expect(pool.peakBytes).toBe(250 * MB);
  });
});
