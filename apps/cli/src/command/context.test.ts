import { afterEach, expect, it, vi } from 'vitest';
import { processContext } from './context.js';

afterEach(() => {
  vi.restoreAllMocks();
  for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name);
});

it('writes nothing that a terminal obeys, and cuts long notes', () => {
  const writes: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      writes.push(String(text));
      return true;
    });
  }
  const context = processContext();
  const hostile = 'a\x1b[2J\x9bb\r';
  context.out(hostile);
  context.note(hostile);
  context.progress(`${hostile}\nc`);
  expect(writes).toEqual([
    'a\\u001b[2J\\u009bb\\u000d\n',
    'a\\u001b[2J\\u009bb\\u000d\n',
    'a\\u001b[2J\\u009bb\\u000d c\n',
  ]);
  context.note('x'.repeat(100_000));
  expect(writes[3]?.length).toBeLessThan(10_100);
  context.out('x'.repeat(100_000));
  expect(writes[4]).toHaveLength(100_001);
});
