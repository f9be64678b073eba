import '@tensorflow/tfjs-backend-cpu';
import { eagerEngine } from '../portable/eager-engine.js';
import type { Engine } from '../types.js';

/** An engine for tests: tfjs on plain JavaScript. The engine is slow and exact, and needs no library. */
export function testEngine(): Engine {
  return eagerEngine('cpu', 'tfjs on plain JavaScript, for tests');
}
