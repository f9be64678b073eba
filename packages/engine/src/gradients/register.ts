import * as tf from '@tensorflow/tfjs-core';
import { defineArithmetic } from './arithmetic.js';
import { defineIndexing } from './indexing.js';
import { defineMatmul } from './matmul.js';
import { defineReduction } from './reduction.js';
import { defineShaping } from './shaping.js';
import { defineUnary } from './unary.js';

// Without this the plain JavaScript backend advertises tfjs-node on standard error at its first use.
tf.enableProdMode();

// tfjs-core brings its gradients to bundlers only; in Node it registers none. Importing this module does.
defineArithmetic();
defineUnary();
defineReduction();
defineShaping();
defineIndexing();
defineMatmul();
