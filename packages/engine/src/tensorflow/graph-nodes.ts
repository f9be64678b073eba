import type { Output } from './_c-api.js';
import type { ElementType } from './native-tensor.js';

/** One output of an operation in the graph, with the element type and the static shape that TensorFlow infers. */
export interface Node {
  readonly output: Output;
  /** The type that tfjs sees. */
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** Whether the output's numbers are stored in bfloat16, though tfjs sees float32. Default false. */
  readonly bfloat16?: boolean;
}

/** A node, or a list of nodes for an input that takes several. */
export type Input = Node | Output | readonly Node[];

/** The nodes among inputs. */
export function nodesOf(inputs: readonly Input[]): Node[] {
  return inputs.flatMap((input): readonly Node[] => ('oper' in input ? [] : 'output' in input ? [input] : input));
}
