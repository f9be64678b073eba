import type { Graph, Node } from '../_graph.js';
import { cast, type KernelTable, reshape } from './_kernel.js';

/** Matrix products. */
export const matmul: KernelTable = {
  BatchMatMul: ({ graph, input, attributes }) =>
    product(graph, input('a'), input('b'), Boolean(attributes.transposeA), Boolean(attributes.transposeB)),
  Einsum: ({ graph, inputs, attributes }) =>
    graph.node('Einsum', [inputs.map((x) => cast(graph, x, 'float32'))], {
      attributes: { equation: { string: attributes.equation as string } },
    }),
};

function product(graph: Graph, a: Node, b: Node, transposeA: boolean, transposeB: boolean): Node {
  if (a.shape.length === 2 && b.shape.length === 2)
    return graph.node('MatMul', [a, b], {
      attributes: { transpose_a: { bool: transposeA }, transpose_b: { bool: transposeB } },
    });
  if (b.shape.length === 2 && !transposeA) {
    // One product of all rows is faster than one per batch element.
    const rows = a.shape.slice(0, -1);
    const flat = reshape(graph, a, [rows.reduce((n, size) => n * size, 1), a.shape.at(-1) ?? 1]);
    const y = product(graph, flat, b, false, transposeB);
    return reshape(graph, y, [...rows, y.shape[1] ?? 1]);
  }
  return graph.node('BatchMatMulV2', [a, b], {
    attributes: { adj_x: { bool: transposeA }, adj_y: { bool: transposeB } },
  });
}
