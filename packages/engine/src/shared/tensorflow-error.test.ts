import { expect, it } from 'vitest';
import { tensorFlowError } from './tensorflow-error.js';

it('tells running out of memory from other failures, in one line', () => {
  const message =
    '{{function_node step_0}} OOM when allocating tensor with shape[1048576,1048576] and type float\n\t [[{{node Mul_4}}]]\nHint: If you want to see';
  const error = tensorFlowError('function step', { code: 8, message });
  expect(error.code).toBe('engine.out-of-memory');
  expect(error.message).toBe(
    'function step ran out of memory: OOM when allocating tensor with shape[1048576,1048576] and type float',
  );
  expect(error.values.message).toBe(message);
  expect(tensorFlowError('function step', { code: 3, message: 'indices[0] = 7' }).code).toBe(
    'engine.tensorflow-failed',
  );
});
