export { bigramModel } from './bigram-model.js';
