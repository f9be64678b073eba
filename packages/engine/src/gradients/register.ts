import * as tf from '@tensorflow/tfjs-core';
import { defineArithmetic } from './arithmetic.js';
import { defineIndexing } from './indexing.js';
import { defineMatmul } from './matmul.js';
import { defineReduction } from './reduction.js';
import { defineShaping } from './shaping.js';
import { defineUnary } from './unary.js';

// Outside production mode, the plain JavaScript backend advertises tfjs-node on standard error at its first use.
tf.enableProdMode();

// tfjs-core registers its gradients only for bundlers, and none in Node. Importing this module registers them.
defineArithmetic();
defineUnary();
defineReduction();
defineShaping();
defineIndexing();
defineMatmul();
