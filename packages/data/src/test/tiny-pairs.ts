import { preferenceDataset } from '../rows/dataset.js';
import type { PreferenceDataset } from '../rows/types.js';

const openings = [
  'The film was',
  'We thought the story was',
  'In the end the evening felt',
  'The acting is',
  'Most of the scenes are',
  'My friends found it',
  'The music sounds',
  'The second half is',
  'Its humour is',
  'The camera work looks',
  'This sequel is',
  'The dialogue is',
  'For a first feature it is',
  'The lead role is',
  'On the big screen it is',
  'The last ten minutes are',
];

const good = [' lovely and warm.', ' a joy to watch.', ' clever, kind and fun.', ' great from start to end.'];
const bad = [' dull and cold.', ' a waste of time.', ' clumsy, cruel and slow.', ' bad from start to end.'];

/**
 * 64 preference pairs for tests: 16 openings of film reviews, four times each, with a friendly ending chosen and an
 * unfriendly ending rejected. Every model that learns at all learns these pairs.
 */
export function tinyPairs(): PreferenceDataset {
  return preferenceDataset(
    Array.from({ length: 64 }, (_, row) => {
      const opening = row % openings.length;
      const round = Math.floor(row / openings.length);
      return {
        prompt: openings[opening] ?? '',
        chosen: good[(opening + round) % good.length] ?? '',
        rejected: bad[(opening * 3 + round) % bad.length] ?? '',
        id: `tiny-${row}`,
        source: 'tiny',
      };
    }),
  );
}
