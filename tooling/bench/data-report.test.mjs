import { expect, it } from 'vitest';
import { dataTables } from './data-report.mjs';

const runs = (seconds, more = {}) =>
  Object.assign([{ seconds, peakRssBytes: 1e8, disturbance: 0.01, bytes: 4e8, by: 'here', ...more }], { seconds });
const results = (more) => ({
  convert: { ours: runs(1), datasets: runs(3, more), pyarrow: runs(2) },
  iterate: { ours: runs(1), datasets: runs(4) },
  tokenise: {
    here: runs(4),
    workers: runs(2, { by: 'workers' }),
    native: runs(1, { by: 'native' }),
    tokenizers: runs(1),
  },
  pack: [],
});
const bytes = { input: 4e8, arrow: 2e8 };

it('compares times, but for runs that other programs disturbed', () => {
  const quiet = dataTables({ bytes, results: results() });
  expect(quiet).toContain('| JSONL to Arrow, of input | datasets 133 MB/s | 400 MB/s | **3.00×** | 100 | 100 |');
  expect(quiet).toContain('| worker threads | 2.00× |');
  const busy = dataTables({ bytes, results: results({ disturbance: 0.4 }) });
  expect(busy).toContain('| JSONL to Arrow, of input | datasets 133 MB/s | 400 MB/s | disturbed | 100 | 100 |');
  expect(busy).toContain('| the same | pyarrow 200 MB/s | 400 MB/s | **2.00×** | 100 | 100 |');
});
