import { DpoError } from '@dpo/base';

/** Free buffers that are kept in any case: below this, allocating anew would cost more than the memory is worth. */
const KEPT_FREE = 2 ** 26;

/** The smallest buffer: a binding of vectors of four numbers needs 16 bytes. */
const SMALLEST = 16;

/** What a pool needs of its device. */
export interface PoolDevice {
  createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer;
  /** Submits the commands that were recorded so far: a buffer that recorded commands use may not be destroyed. */
  submit(): void;
}

/**
 * The buffers of a device. Stands for tfjs's own manager, which keeps every buffer for ever, and has its methods' names.
 *
 * A buffer that is released serves the next tensor of its size. Free buffers are destroyed at a submission when more bytes are
 * allocated than were ever in use at once, and before a limit is exceeded.
 */
export class BufferPool {
  /** The bytes in use. */
  numBytesUsed = 0;
  /** The bytes in use, and of free buffers. */
  numBytesAllocated = 0;
  /** The largest number of allocated bytes so far. */
  peakBytes = 0;
  /** The bytes that may be allocated, for each engine that set a limit. The smallest counts. */
  readonly limits = new Set<{ readonly bytes: number }>();
  #peakUsed = 0;
  readonly #free = new Map<string, GPUBuffer[]>();

  constructor(readonly device: PoolDevice) {}

  /**
   * A buffer of at least `size` bytes.
   *
   * @throws DpoError `engine.out-of-memory` when a limit does not allow the bytes
   */
  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    const bytes = Math.max(size, SMALLEST);
    const buffer =
      (reuse && this.#free.get(keyOf(bytes, usage))?.pop()) || this.#create(bytes, usage, mappedAtCreation);
    this.numBytesUsed += bytes;
    this.#peakUsed = Math.max(this.#peakUsed, this.numBytesUsed);
    return buffer;
  }

  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    this.numBytesUsed -= buffer.size;
    if (!reuse) {
      this.#destroy(buffer);
      return;
    }
    const key = keyOf(buffer.size, buffer.usage);
    const list = this.#free.get(key);
    if (list === undefined) this.#free.set(key, [buffer]);
    else list.push(buffer);
  }

  /** Destroys free buffers while more bytes are allocated than were ever in use at once. To be called after a submission. */
  trim(): void {
    this.#shrinkFree(Math.max(KEPT_FREE, this.#peakUsed - this.numBytesUsed));
  }

  dispose(): void {
    this.#shrinkFree(0);
  }

  #create(bytes: number, usage: number, mappedAtCreation: boolean): GPUBuffer {
    const limit = Math.min(...[...this.limits].map((each) => each.bytes));
    if (this.numBytesAllocated + bytes > limit) {
      this.device.submit();
      this.#shrinkFree(Math.max(0, limit - bytes - this.numBytesUsed));
    }
    if (this.numBytesAllocated + bytes > limit) throw overLimit(bytes, this.numBytesUsed, limit);
    const buffer = this.device.createBuffer({ size: bytes, usage, mappedAtCreation });
    this.numBytesAllocated += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.numBytesAllocated);
    return buffer;
  }

  #shrinkFree(target: number): void {
    for (const [key, list] of this.#free) {
      while (list.length > 0 && this.numBytesAllocated - this.numBytesUsed > target)
        this.#destroy(list.pop() as GPUBuffer);
      if (list.length === 0) this.#free.delete(key);
    }
  }

  #destroy(buffer: GPUBuffer): void {
    this.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }
}

const keyOf = (size: number, usage: number): string => `${size} ${usage}`;

function overLimit(bytes: number, used: number, limit: number): DpoError {
  const megabytes = (n: number): string => `${Math.ceil(n / 1e6)} MB`;
  return new DpoError(
    'engine.out-of-memory',
    `${megabytes(bytes)} more do not fit: ${megabytes(used)} of the memory limit of ${megabytes(limit)} are in use.`,
    {
      values: { bytes, used, limit },
      hint: 'Use smaller batches, LoRA or a smaller model, or raise the memory limit.',
    },
  );
}
