// Libraries report through callbacks and errors, never through the console. A test during which something is printed fails, and
// says what was printed. A test that expects output replaces the method itself (`vi.spyOn(console, 'warn')`).
import { format } from 'node:util';
import { afterAll, afterEach } from 'vitest';

const methods = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;
let output: string[] = [];

for (const method of methods) {
  console[method] = (...values: unknown[]) => {
    output.push(`console.${method}: ${format(...values)}`);
  };
}

function failIfPrinted() {
  const lines = output;
  output = [];
  if (lines.length > 0) throw new Error(`Nothing may be printed, but there was\n${lines.join('\n')}`);
}

afterEach(failIfPrinted);
// Outside of tests something may be printed while modules load, or in beforeAll.
afterAll(failIfPrinted);
