// The program as few files: hundreds of small modules take a second to be found and read, these a third of it.
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: {
    main: 'dist/main.js',
    // Threads of their own, which are looked for beside the module that starts them.
    'command-thread': 'dist/command-thread.js',
    'parquet-worker': '../../packages/data/dist/files/parquet/parquet-worker.js',
    'encode-worker': '../../packages/models/dist/tokenizer/encode-worker.js',
    // A page's script, looked for beside the module that serves the page.
    'rater-page': '../../packages/eval/dist/human/rater-page.js',
  },
  platform: 'node',
  // The engine finds its files beside its own modules, and one tfjs must serve it and the models; the others are native.
  external: [/^@dpo\/(base|engine)(\/|$)/, /^@tensorflow\//, 'lz4-napi', 'tokenizers', 'koffi'],
  output: { dir: 'dist/bundle', format: 'esm', cleanDir: true },
});
