import { defineArithmetic } from './arithmetic.js';
import { defineIndexing } from './indexing.js';
import { defineMatmul } from './matmul.js';
import { defineReduction } from './reduction.js';
import { defineShaping } from './shaping.js';
import { defineUnary } from './unary.js';

// tfjs-core brings its gradients to bundlers only; in Node it registers none. Importing this module does.
defineArithmetic();
defineUnary();
defineReduction();
defineShaping();
defineIndexing();
defineMatmul();
