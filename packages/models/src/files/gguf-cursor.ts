import { DpoError } from '@dpo/base';
import type { ByteFile } from '@dpo/base/bytes';

/** A value of GGUF metadata. 64-bit integers beyond 2^53 are bigints. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];

/** How many bytes are read at a time. */
const windowBytes = 1024 * 1024;

/** No real list has more elements (the longest hold a tokenizer's merges). */
const listLimit = 2 ** 24;

/** No real text has more bytes (the longest are chat templates). */
const textLimit = 2 ** 26;

/** Sizes of the fixed-size value types by their number in the file; 8 is a text, 9 a list. */
const sizes: readonly (number | undefined)[] = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];

/** The error `model.bad-gguf` of a GGUF file that contradicts its format. @param what a clause about the file */
export function badGguf(path: string, what: string, values: Record<string, unknown> = {}): DpoError {
  return new DpoError('model.bad-gguf', `${path}: ${what}.`, {
    values: { path, ...values },
    hint: 'The file is damaged or is no GGUF file: fetch it again.',
  });
}

/** Reads a GGUF header from front to end. Every length in the header is checked against the remaining bytes of the file. */
export class GgufCursor {
  /** The position of the next byte in the file. */
  position = 0;
  private window: DataView = new DataView(new ArrayBuffer(0));
  private windowStart = 0;

  constructor(readonly file: ByteFile) {}

  get remaining(): number {
    return this.file.size - this.position;
  }

  /** Makes the next `length` bytes available and returns their place in the window. */
  private async take(length: number): Promise<number> {
    if (length > this.remaining) {
      throw new DpoError('model.truncated-file', `${this.file.path} ends within its header.`, {
        values: { path: this.file.path, size: this.file.size, needed: this.position + length },
        hint: 'The file was not copied or downloaded whole: fetch it again.',
      });
    }
    const end = this.windowStart + this.window.byteLength;
    if (this.position + length > end) {
      const bytes = await this.file.read(this.position, Math.min(Math.max(length, windowBytes), this.remaining));
      this.window = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.windowStart = this.position;
    }
    const at = this.position - this.windowStart;
    this.position += length;
    return at;
  }

  async uint32(): Promise<number> {
    const at = await this.take(4);
    return this.window.getUint32(at, true);
  }

  /** An unsigned 64-bit number that must be exact in JavaScript: a count, a size or a position. */
  async count(what: string): Promise<number> {
    const at = await this.take(8);
    const value = this.window.getBigUint64(at, true);
    if (value > Number.MAX_SAFE_INTEGER) throw badGguf(this.file.path, `${what} is absurd: ${value}`);
    return Number(value);
  }

  /** The number of things that take at least `bytes` bytes each, checked against the room in the file. */
  async countOf(what: string, bytes: number): Promise<number> {
    const value = await this.count(`the number of ${what}`);
    if (value > listLimit || value * bytes > this.remaining) {
      throw badGguf(this.file.path, `it says that it has ${value} ${what}, for which there is no room`);
    }
    return value;
  }

  async text(): Promise<string> {
    const length = await this.count('the length of a text');
    if (length > textLimit) throw badGguf(this.file.path, `a text of ${length} bytes is absurd`);
    const at = await this.take(length);
    return decoder.decode(new Uint8Array(this.window.buffer, this.window.byteOffset + at, length));
  }

  /** A value of a type. Lists may hold lists, to a depth that no real file reaches. */
  async value(type: number, depth = 0): Promise<GgufValue> {
    if (type === 8) return this.text();
    if (type === 9) return this.list(depth);
    const size = sizes[type];
    if (size === undefined) throw badGguf(this.file.path, `value type ${type} is unknown`);
    return this.fixed(type, await this.take(size));
  }

  private async list(depth: number): Promise<readonly GgufValue[]> {
    if (depth > 3) throw badGguf(this.file.path, 'lists are nested too deeply');
    const type = await this.uint32();
    const count = await this.countOf('list elements', sizes[type] ?? 8);
    const size = sizes[type];
    const values: GgufValue[] = [];
    if (size === undefined) {
      for (let i = 0; i < count; i++) values.push(await this.value(type, depth + 1));
    } else {
      const at = await this.take(count * size);
      for (let i = 0; i < count; i++) values.push(this.fixed(type, at + i * size));
    }
    return values;
  }

  private fixed(type: number, at: number): number | bigint | boolean {
    const view = this.window;
    switch (type) {
      case 0:
        return view.getUint8(at);
      case 1:
        return view.getInt8(at);
      case 2:
        return view.getUint16(at, true);
      case 3:
        return view.getInt16(at, true);
      case 4:
        return view.getUint32(at, true);
      case 5:
        return view.getInt32(at, true);
      case 6:
        return view.getFloat32(at, true);
      case 7:
        return view.getUint8(at) !== 0;
      case 10:
        return exact(view.getBigUint64(at, true));
      case 11:
        return exact(view.getBigInt64(at, true));
      default:
        return view.getFloat64(at, true);
    }
  }
}

const decoder = new TextDecoder();

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
