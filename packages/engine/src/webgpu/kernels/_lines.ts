import { sizeOf } from '../../shared/size-of.js';

/** The first two numbers of a shader that goes along an axis: the axis's length, and how far apart neighbours on the axis are. */
export function lineNumbers(shape: readonly number[], axis: number): [length: number, inner: number] {
  return [shape[axis] ?? 1, sizeOf(shape.slice(axis + 1))];
}

/** Names {@link lineNumbers} in WGSL, and the place at which line `i` starts. Element k is at `start + k * inner`. */
export const lineOfIndex = `
  let length = number(0u);
  let inner = number(1u);
  let start = i / inner * length * inner + i % inner;`;
