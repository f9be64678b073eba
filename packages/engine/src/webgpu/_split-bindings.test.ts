import { describe, expect, it } from 'vitest';
import { splitBindings } from './_split-bindings.js';

const declare = (binding: number, access: string, name: string, type = 'f32'): string =>
  `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;

describe('a shader whose tensor is bound in pieces', () => {
  it('reads elements through a function that chooses the piece', () => {
    const code = `${declare(1, 'read', 'A')} fn f() -> f32 { return A[g(A[1], 2) + 3] + coords.A[0]; }`;
    const split = splitBindings(code, [{ name: 'A', bindings: [1, 4] }], 8) ?? '';
    expect(split).toContain('return A_at(i32(g(A_at(i32(1)), 2) + 3)) + coords.A[0];');
    expect(split).toContain('@group(0) @binding(1) var<storage, read> A_piece_0 : array<f32>;');
    expect(split).toContain('@group(0) @binding(4) var<storage, read> A_piece_1 : array<f32>;');
    // Eight bytes are two numbers.
    expect(split).toContain('if (i >= 2) { return A_piece_1[i - 2]; }');
    expect(split).not.toMatch(/var<storage, read> A\b/);
  });

  it('sets elements through another function', () => {
    const code = `${declare(0, 'read_write', 'result', 'vec4<f32>')} fn f() { result[i / 4] = result[i] + v; if (result[0].x == 1) {} }`;
    const split = splitBindings(code, [{ name: 'result', bindings: [0, 3, 4] }], 32) ?? '';
    expect(split).toContain('result_set(i32(i / 4), result_at(i32(i)) + v);');
    expect(split).toContain('if (result_at(i32(0)).x == 1) {}');
    // 32 bytes are two vectors of four numbers.
    expect(split).toContain('if (i >= 4) { result_piece_2[i - 4] = v; return; }');
  });

  it('is refused when the shader takes an address, or adds atomically', () => {
    const tensors = [{ name: 'result', bindings: [0, 2] }];
    const plain = declare(0, 'read_write', 'result');
    expect(splitBindings(`${plain} fn f() { g(&result[0]); }`, tensors, 8)).toBe(undefined);
    expect(splitBindings(`${plain} fn f() { return arrayLength(&result); }`, tensors, 8)).toBe(undefined);
    expect(splitBindings(declare(0, 'read_write', 'result', 'atomic<i32>'), tensors, 8)).toBe(undefined);
  });
});
