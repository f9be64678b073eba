import { adafactor } from './adafactor.js';
import { adamw } from './adamw.js';
import { lion } from './lion.js';
import { rmsprop } from './rmsprop.js';
import { sgd } from './sgd.js';

/** The optimizers by the names that `--optimizer` takes. */
export const optimizers = { adamw, rmsprop, sgd, lion, adafactor } as const;

/** A name in {@link optimizers}. */
export type OptimizerName = keyof typeof optimizers;
