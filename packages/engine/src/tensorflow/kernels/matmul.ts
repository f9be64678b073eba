import type { Attribute, Graph, Node } from '../graph.js';
import { cast, type KernelTable, reshape } from './kernel.js';

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
    return multiply(graph, 'MatMul', [a, b], {
      transpose_a: { bool: transposeA },
      transpose_b: { bool: transposeB },
    });
  if (b.shape.length === 2 && !transposeA) {
    // One product of all rows is faster than a product for each element of the batch.
    const rows = a.shape.slice(0, -1);
    const flat = reshape(graph, a, [rows.reduce((n, size) => n * size, 1), a.shape.at(-1) ?? 1]);
    const y = product(graph, flat, b, false, transposeB);
    return reshape(graph, y, [...rows, y.shape[1] ?? 1]);
  }
  return multiply(graph, 'BatchMatMulV2', [a, b], { adj_x: { bool: transposeA }, adj_y: { bool: transposeB } });
}

/** The product. When the graph rounds products, float32 inputs are rounded to bfloat16, and the product is stored in bfloat16. */
function multiply(
  graph: Graph,
  type: string,
  inputs: readonly [Node, Node],
  attributes: Readonly<Record<string, Attribute>>,
): Node {
  if (!graph.roundProducts || inputs.some(({ dtype }) => dtype !== 'float32'))
    return graph.node(type, inputs, { attributes });
  const rounded = inputs.map((x) => graph.rounded(x));
  return graph.node(type, rounded, { attributes, stored: true });
}
