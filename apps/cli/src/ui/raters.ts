import {
  alphaBetweenRaters,
  canShow,
  points,
  type RaterServer,
  type RaterState,
  type RaterVotes,
  raterOutcome,
  verdictsByPair,
  verdictsOfVotes,
} from '@dpo/eval';
import { percent } from './_figures.js';

/** The lines for raters before they begin: addresses and keys. */
export function howToRate(pages: RaterServer['pages']): string[] {
  return [
    ...pages.map(({ rater, url }) => `${rater}: ${url}`),
    'Open the address in a browser of this machine. A and B choose an answer, T is a tie, X both bad, S skips, U takes the last',
    'vote back, C comments. Ctrl-C closes the page: every vote is saved, and the same command goes on.',
  ];
}

/** The lines when raters stop early, which must not give a rate away. */
export function earlyStopLines(states: readonly RaterState[]): string[] {
  const open = states.filter(({ kind }) => kind !== 'finished');
  return [
    ...open.map(({ rater, done, total, smallestDifference: smallest }) => {
      const shows =
        smallest === null || !canShow(smallest)
          ? 'too few votes to show any difference'
          : `enough votes to show a difference of ${points(smallest)} or more`;
      return `${rater}: ${done} of ${total} pairs, ${shows}.`;
    }),
    'The rate stays sealed until a rater is done: whoever stops when a rate looks good can reach any rate.',
  ];
}

/** The votes of each rater, and how far raters agree. */
export function raterLines(raters: readonly RaterVotes[]): string[] {
  const alpha = alphaBetweenRaters(verdictsByPair(verdictsOfVotes(raters.filter(({ done }) => done))));
  return [
    ...raters.map((votes) => (votes.done ? doneLine(votes) : `${votes.rater}: not done yet, and left out.`)),
    ...(alpha === undefined || Number.isNaN(alpha) ? [] : [`Between raters: Krippendorff’s α ${alpha.toFixed(2)}.`]),
  ];
}

function doneLine({ rater, votes }: RaterVotes): string {
  const { model, baseline, tie, bothBad, skipped, consistency } = raterOutcome(rater, votes);
  const counts = `${model} votes for the model, ${baseline} for the baseline, ${tie} ties, ${bothBad} both bad, ${skipped} skipped`;
  if (consistency === null) return `${rater}: ${counts}.`;
  return `${rater}: ${counts}; ${percent(consistency, 0)} of the pairs shown twice were judged alike.`;
}
