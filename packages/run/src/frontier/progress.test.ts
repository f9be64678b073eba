import { expect, it } from 'vitest';
import { frontierProgress } from './progress.js';

it('writes place, name, share and the time left', async () => {
  const lines: string[] = [];
  const pieces = [
    { kind: 'a', units: 2, name: 'first' },
    { kind: 'a', units: 2, name: 'second' },
  ];
  const progress = frontierProgress(pieces, { progress: (line) => lines.push(line) });
  for (const piece of pieces) await progress.next(piece, async (onShare) => onShare(0.5));
  expect(lines.map((line) => line.replace(/\d+:\d\d/, 'm:ss'))).toEqual([
    '1/2 first: 0 %',
    '1/2 first: 50 %  m:ss left',
    '2/2 second: 0 %',
    '2/2 second: 50 %  m:ss left',
  ]);
});
