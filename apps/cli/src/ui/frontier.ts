import { cellName, type Frontier, frontierSentences } from '@dpo/eval';
import { plusMinus } from '@dpo/run/command-line';

/** A frontier on a terminal: a line to each point, then what the figures say. */
export function frontierLines(frontier: Frontier): string[] {
  const names = frontier.cells.map(cellName);
  const width = Math.max(...names.map(({ length }) => length));
  return [
    ...frontier.cells.map(({ kind, reward, rewardError, kl, klError, undominated, onFront }, i) => {
      const distance = plusMinus({ mean: kl, standardError: klError });
      const front = onFront ? `  on the front in ${Math.round(100 * undominated)} % of draws` : '';
      return `${(names[i] ?? '').padEnd(width)}  reward ${plusMinus({ mean: reward, standardError: rewardError })}  KL ${kind === 'best-of-n' ? `at most ${kl.toFixed(3)}` : distance}${front}`;
    }),
    '',
    ...frontierSentences(frontier),
  ];
}
