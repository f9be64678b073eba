import '@tensorflow/tfjs-backend-cpu';
import { eagerEngine } from '../portable/eager-engine.js';
import type { Engine } from '../types.js';

/** An engine for tests: tfjs on plain JavaScript. Slow, exact, needs nothing. */
export function testEngine(): Engine {
  return eagerEngine('cpu', 'tfjs on plain JavaScript, for tests');
}
