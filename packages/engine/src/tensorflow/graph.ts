import { DpoError } from '@dpo/base';
import type { CApi, Output, Pointer } from './_c-api.js';
import { callerLine } from './_caller.js';
import { GraphEdges } from './_graph-edges.js';
import { dynamicShape, operationError } from './_graph-errors.js';
import { checked, withStatus } from './_status.js';
import { type Input, type Node, nodesOf } from './graph-nodes.js';
import { DATA_TYPES, dimensions, type ElementType, newTensor, type StoredType, storedType } from './native-tensor.js';

export type { Input, Node } from './graph-nodes.js';

/** An operation's attribute. Types that TensorFlow infers from the inputs need not be given. */
export type Attribute =
  | { readonly type: number }
  | { readonly types: readonly number[] }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly shape: readonly number[] }
  | { readonly tensor: Pointer }
  | { readonly function: string };

/** What an operation has besides its inputs. */
export interface OperationOptions {
  /** The attributes by name. Default: none. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Operations that must run before this one. Default: none. */
  readonly after?: readonly Pointer[];
  /** True takes numbers in bfloat16 as they are stored; otherwise they are cast to float32. Default false. */
  readonly stored?: boolean;
}

/** How a graph is built. */
export interface GraphOptions {
  /** True rounds the inputs of matrix products to bfloat16. Default false. */
  readonly roundProducts?: boolean;
  /** True when XLA compiles the graph. Default false. */
  readonly xla?: boolean;
  /** The name of an operation whose calling line {@link Graph.watchedLine} finds. Default: none. */
  readonly watched?: string | undefined;
}

const MAX_RANK = 16;

/** A TF_Graph under construction. */
export class Graph {
  readonly handle: Pointer;
  readonly #api: CApi;
  readonly #constants = new Map<string, Node>();
  readonly #functions = new Set<Pointer>();
  readonly #casts = new Map<string, Node>();
  readonly #shape = new BigInt64Array(MAX_RANK);
  readonly #edges = new GraphEdges();
  /** Whether the inputs of matrix products are rounded to bfloat16. */
  readonly roundProducts: boolean;
  /** Whether XLA compiles the graph. */
  readonly xla: boolean;
  readonly #watched: string | undefined;
  #watchedLine: string | undefined;
  #count = 0;

  constructor(api: CApi, { roundProducts = false, xla = false, watched }: GraphOptions = {}) {
    this.#api = api;
    this.roundProducts = roundProducts;
    this.xla = xla;
    this.#watched = watched;
    this.handle = api.TF_NewGraph();
  }

  /** The line that added the watched operation; undefined before. */
  get watchedLine(): string | undefined {
    return this.#watchedLine;
  }

  /** The number of operations. */
  get size(): number {
    return this.#count;
  }

  dispose(): void {
    this.#api.TF_DeleteGraph(this.handle);
  }

  /** The operations that hold an output of `operation` and may run after `later`, unless `later` is told to wait for them. */
  usesBeside(operation: Pointer, later: readonly Pointer[]): Pointer[] {
    return this.#edges.usesBeside(operation, later);
  }

  /**
   * Adds an operation and returns it.
   *
   * @throws DpoError `engine.wrong-shape` with the inputs and the calling line, when the inputs do not fit
   */
  operation(type: string, given: readonly Input[], options: OperationOptions = {}): Pointer {
    const api = this.#api;
    const { attributes = {}, after = [], stored = false } = options;
    const inputs = stored ? given : this.#widened(given, after);
    const name = `${type}_${this.#count++}`;
    if (name === this.#watched) this.#watchedLine = callerLine();
    const description = api.TF_NewOperation(this.handle, type, name);
    const sources: Output[] = [];
    for (const input of inputs) {
      if ('oper' in input) {
        api.TF_AddInput(description, input);
        sources.push(input);
      } else if ('output' in input) {
        api.TF_AddInput(description, input.output);
        sources.push(input.output);
      } else {
        const outputs = input.map(({ output }) => output);
        api.TF_AddInputList(description, outputArray(outputs), outputs.length);
        sources.push(...outputs);
      }
    }
    for (const operation of after) api.TF_AddControlInput(description, operation);
    for (const [name, attribute] of Object.entries(attributes)) this.#setAttribute(description, name, attribute);
    const { value, failure } = withStatus(api, (status) => api.TF_FinishOperation(description, status));
    if (failure !== undefined) throw operationError(type, inputs, failure);
    this.#edges.add(value, type, [...sources.map(({ oper }) => oper), ...after]);
    return value;
  }

  /** Adds an operation with one output and returns the output. */
  node(type: string, inputs: readonly Input[], options?: OperationOptions): Node {
    return this.output(this.operation(type, inputs, options), type);
  }

  /** Adds an operation and returns all its outputs. */
  nodes(type: string, inputs: readonly Input[], options?: OperationOptions): Node[] {
    const operation = this.operation(type, inputs, options);
    const count = this.#api.TF_OperationNumOutputs(operation);
    return Array.from({ length: count }, (_, index) => this.output(operation, type, index));
  }

  /**
   * Output `index` of an operation, with the type and the shape that TensorFlow infers.
   *
   * @throws DpoError `engine.unsupported-op` when tfjs lacks the type, `engine.dynamic-shape` when the shape is not static
   */
  output(operation: Pointer, type: string, index = 0): Node {
    const api = this.#api;
    const output = { oper: operation, index };
    const dtype = storedType(api.TF_OperationOutputType(output));
    if (dtype === undefined)
      throw new DpoError('engine.unsupported-op', `${type} gives a data type that tfjs does not have.`, {
        values: { op: type },
      });
    const shape = checked(api, type, (status) => {
      const rank = api.TF_GraphGetTensorNumDims(this.handle, output, status);
      if (rank < 0) return undefined;
      if (rank > 0) api.TF_GraphGetTensorShape(this.handle, output, this.#shape, rank, status);
      return Array.from(this.#shape.subarray(0, rank), Number);
    });
    if (shape === undefined || shape.some((size) => size < 0)) throw dynamicShape(type, shape);
    return dtype === 'bfloat16' ? { output, dtype: 'float32', shape, bfloat16: true } : { output, dtype, shape };
  }

  /** Sets the shape of an operation's output, when TensorFlow cannot infer the shape. */
  setShape(operation: Pointer, shape: readonly number[], index = 0): void {
    const api = this.#api;
    checked(api, 'TF_GraphSetTensorShape', (status) =>
      api.TF_GraphSetTensorShape(this.handle, { oper: operation, index }, dimensions(shape), shape.length, status),
    );
  }

  /** Lets operations of the graph call a function. */
  useFunction(fn: Pointer): void {
    if (this.#functions.has(fn)) return;
    this.#functions.add(fn);
    const api = this.#api;
    checked(api, 'TF_GraphCopyFunction', (status) => api.TF_GraphCopyFunction(this.handle, fn, null, status));
  }

  /** An input of the function that the graph becomes: a value of a type and a shape. */
  placeholder(dtype: StoredType, shape: readonly number[]): Node {
    return this.node('Placeholder', [], { attributes: { dtype: { type: DATA_TYPES[dtype] }, shape: { shape } } });
  }

  /** An input of the function that the graph becomes: the handle of a variable. */
  resource(): Output {
    const attributes = { dtype: { type: DATA_TYPES.resource }, shape: { shape: [] } };
    return { oper: this.operation('Placeholder', [], { attributes }), index: 0 };
  }

  /** A constant. A large constant of equal elements takes no memory in the graph; small constants with equal values are shared. */
  constant(dtype: ElementType, shape: readonly number[], data: ArrayLike<number>): Node {
    const first = data[0];
    if (data.length > 64 && first !== undefined && isUniform(data))
      return this.node('Fill', [this.vector(shape), this.scalar(dtype, first)]);
    const key = data.length > 64 ? undefined : `${dtype}|${shape.join()}|${Array.from(data, exact).join()}`;
    const existing = key === undefined ? undefined : this.#constants.get(key);
    if (existing !== undefined) return existing;
    const tensor = newTensor(this.#api, dtype, shape, data);
    try {
      const attributes = { dtype: { type: DATA_TYPES[dtype] }, value: { tensor } };
      const node = this.node('Const', [], { attributes });
      if (key !== undefined) this.#constants.set(key, node);
      return node;
    } finally {
      this.#api.TF_DeleteTensor(tensor);
    }
  }

  /** The node's float32 numbers in bfloat16; the node itself when they are stored so already. */
  rounded(x: Node): Node {
    return x.bfloat16 ? x : this.node('Cast', [x], { attributes: { DstT: { type: DATA_TYPES.bfloat16 } } });
  }

  /** The node with its numbers in float32; the node itself when they are stored so already. */
  widened(x: Node, after: readonly Pointer[] = []): Node {
    if (!x.bfloat16) return x;
    return this.node('Cast', [x], { attributes: { DstT: { type: DATA_TYPES.float32 } }, after, stored: true });
  }

  /** A scalar constant. */
  scalar(dtype: ElementType, value: number): Node {
    return this.constant(dtype, [], [value]);
  }

  /** A constant list of integers: a shape, axes, a permutation. */
  vector(values: readonly number[]): Node {
    return this.constant('int32', [values.length], values);
  }

  /**
   * The inputs of an operation that takes float32. When products are rounded, a product is cast once, for all its uses. Otherwise only
   * weights are stored in bfloat16, and a cast waits for the other inputs: a weight exists in float32 only while the operation runs,
   * and not from the function's start on. Each use casts again, for the same reason.
   */
  #widened(inputs: readonly Input[], after: readonly Pointer[]): readonly Input[] {
    const nodes = nodesOf(inputs);
    if (!nodes.some(({ bfloat16 }) => bfloat16)) return inputs;
    if (this.roundProducts) return inputs.map((input) => this.#widenedOnce(input));
    const others = nodes.filter(({ bfloat16 }) => !bfloat16).map(({ output }) => output.oper);
    const widen = (node: Node) => this.widened(node, [...others, ...after]);
    return inputs.map((input) => ('oper' in input ? input : 'output' in input ? widen(input) : input.map(widen)));
  }

  #widenedOnce(input: Input): Input {
    if ('oper' in input) return input;
    if (!('output' in input)) return input.map((node) => this.#widenedOnce(node) as Node);
    if (!input.bfloat16) return input;
    const key = `${input.output.oper}:${input.output.index}`;
    const node = this.#casts.get(key) ?? this.widened(input);
    this.#casts.set(key, node);
    return node;
  }

  #setAttribute(description: Pointer, name: string, attribute: Attribute): void {
    const api = this.#api;
    if ('type' in attribute) api.TF_SetAttrType(description, name, attribute.type);
    else if ('types' in attribute)
      api.TF_SetAttrTypeList(description, name, Int32Array.from(attribute.types), attribute.types.length);
    else if ('function' in attribute)
      api.TF_SetAttrFuncName(description, name, attribute.function, attribute.function.length);
    else if ('int' in attribute) api.TF_SetAttrInt(description, name, attribute.int);
    else if ('float' in attribute) api.TF_SetAttrFloat(description, name, attribute.float);
    else if ('bool' in attribute) api.TF_SetAttrBool(description, name, attribute.bool ? 1 : 0);
    else if ('shape' in attribute)
      api.TF_SetAttrShape(description, name, dimensions(attribute.shape), attribute.shape.length);
    else if ('string' in attribute) {
      const bytes = Buffer.from(attribute.string);
      api.TF_SetAttrString(description, name, bytes, bytes.length);
    } else
      checked(api, `attribute ${name}`, (status) => api.TF_SetAttrTensor(description, name, attribute.tensor, status));
  }
}

/** An array of TF_Output in native layout: a pointer, then a 32-bit index padded to 8 bytes. */
export function outputArray(outputs: readonly Output[]): BigUint64Array {
  return BigUint64Array.from(outputs.flatMap(({ oper, index }) => [oper, BigInt(index)]));
}

function isUniform(data: ArrayLike<number>): boolean {
  const first = data[0];
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return false;
  return true;
}

/** A number's text, in which −0 and 0 differ. */
function exact(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
