import { vaderReward } from '@dpo/eval';
import { expect, it } from 'vitest';
import { heldOutOpenings, trainOpenings } from './openings.js';

it('has 60 openings to train on and 64 held out, all different, all neutral to VADER', () => {
  const all = [...trainOpenings, ...heldOutOpenings];
  expect([trainOpenings.length, heldOutOpenings.length]).toEqual([60, 64]);
  expect(new Set(all.map((opening) => opening.toLowerCase())).size).toBe(124);
  expect(all.filter((opening) => vaderReward(opening) !== 0)).toEqual([]);
});
