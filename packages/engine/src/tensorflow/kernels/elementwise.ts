import type { Attribute, Node } from '../graph.js';
import type { ElementType } from '../native-tensor.js';
import { cast, type Kernel, type KernelTable, numeric } from './kernel.js';

/** x → op(x). */
function unary(op: string, attributes: Readonly<Record<string, Attribute>> = {}): Kernel {
  return ({ graph, inputs: [x] }) => graph.node(op, x === undefined ? [] : [numeric(graph, x)], { attributes });
}

/** (a, b) → op(a, b) on numbers, with broadcasting. */
function binary(op: string): Kernel {
  return ({ graph, input }) => graph.node(op, [numeric(graph, input('a')), numeric(graph, input('b'))]);
}

/** (a, b) → op(a, b) on booleans, with broadcasting. */
function logical(op: string): Kernel {
  return ({ graph, input }) => graph.node(op, [cast(graph, input('a'), 'bool'), cast(graph, input('b'), 'bool')]);
}

/** Kernels that work element by element. */
export const elementwise: KernelTable = {
  Abs: unary('Abs'),
  Acos: unary('Acos'),
  Acosh: unary('Acosh'),
  Asin: unary('Asin'),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh'),
  Ceil: unary('Ceil'),
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Elu: unary('Elu'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: unary('Expm1'),
  Floor: unary('Floor'),
  IsFinite: unary('IsFinite'),
  IsInf: unary('IsInf'),
  IsNan: unary('IsNan'),
  Log: unary('Log'),
  Log1p: unary('Log1p'),
  Neg: unary('Neg'),
  OnesLike: unary('OnesLike'),
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Relu6: unary('Relu6'),
  Round: unary('Round'),
  Rsqrt: unary('Rsqrt'),
  Selu: unary('Selu'),
  Sigmoid: unary('Sigmoid'),
  Sign: unary('Sign'),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Square: unary('Square'),
  Tan: unary('Tan'),
  Tanh: unary('Tanh'),

  // Not a tfjs kernel: a · b, and 0 for b = 0, whatever a is. The kernel takes one pass; a selection takes three.
  MulNoNan: binary('MulNoNan'),
  Add: binary('AddV2'),
  Atan2: binary('Atan2'),
  // tfjs's result is int32 for any inputs.
  FloorDiv: (call) => cast(call.graph, binary('FloorDiv')(call) as Node, 'int32'),
  Maximum: binary('Maximum'),
  Minimum: binary('Minimum'),
  Mod: binary('FloorMod'),
  Multiply: binary('Mul'),
  Pow: binary('Pow'),
  RealDiv: binary('RealDiv'),
  SquaredDifference: binary('SquaredDifference'),
  Sub: binary('Sub'),

  Equal: binary('Equal'),
  Greater: binary('Greater'),
  GreaterEqual: binary('GreaterEqual'),
  Less: binary('Less'),
  LessEqual: binary('LessEqual'),
  NotEqual: binary('NotEqual'),

  LogicalAnd: logical('LogicalAnd'),
  LogicalOr: logical('LogicalOr'),
  LogicalXor: logical('NotEqual'),
  LogicalNot: ({ graph, input }) => graph.node('LogicalNot', [cast(graph, input('x'), 'bool')]),

  AddN: ({ graph, inputs }) => graph.node('AddN', [inputs.map((x) => numeric(graph, x))]),
  // Not a tfjs kernel: x, once `after` is computed. XLA optimises a control dependency away, but has a barrier of its own.
  Barrier: ({ graph, input }) =>
    graph.xla
      ? (graph.nodes('XlaOptimizationBarrier', [[input('x'), input('after')]])[0] as Node)
      : graph.node('Identity', [input('x')], {
          after: [input('after').output.oper],
          // Products in float32 that share a barrier share the cast of a weight in bfloat16, too.
          stored: graph.roundProducts,
        }),
  Cast: ({ graph, input, attributes }) => cast(graph, input('x'), attributes.dtype as ElementType),
  ClipByValue: ({ graph, input, attributes }) => {
    const x = input('x');
    const low = graph.scalar(x.dtype, attributes.clipValueMin as number);
    const high = graph.scalar(x.dtype, attributes.clipValueMax as number);
    return graph.node('ClipByValue', [x, low, high]);
  },
  // dy · (y > 0 ? 1 : y + 1)
  EluGrad: ({ graph, input }) => graph.node('EluGrad', [input('dy'), input('y')]),
  Identity: ({ input }) => input('x'),
  LeakyRelu: ({ graph, input, attributes }) =>
    graph.node('LeakyRelu', [cast(graph, input('x'), 'float32')], {
      attributes: { alpha: { float: attributes.alpha as number } },
    }),
  Prelu: ({ graph, input }) => {
    const x = input('x');
    const positive = graph.node('Greater', [x, graph.scalar(x.dtype, 0)]);
    return graph.node('SelectV2', [positive, x, graph.node('Mul', [x, input('alpha')])]);
  },
  Select: ({ graph, input }) => {
    const t = input('t');
    const e = input('e');
    const dtype = t.dtype === e.dtype ? t.dtype : 'float32';
    return graph.node('SelectV2', [
      cast(graph, input('condition'), 'bool'),
      cast(graph, t, dtype),
      cast(graph, e, dtype),
    ]);
  },
  // 1 for x > 0, else alpha
  Step: ({ graph, input, attributes }) => {
    const x = numeric(graph, input('x'));
    const positive = graph.node('Greater', [x, graph.scalar(x.dtype, 0)]);
    return graph.node('SelectV2', [
      positive,
      graph.scalar(x.dtype, 1),
      graph.scalar(x.dtype, attributes.alpha as number),
    ]);
  },
  ZerosLike: ({ graph, input }) => graph.node('ZerosLike', [input('x')]),
};
