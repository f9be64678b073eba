import type { Plan } from '@dpo/run';
import { short } from '@dpo/run/command-line';

/** A plan for people: memory, bytes and seconds of a step of one of the workers. */
export function planLines({ workers, memory, bytes, exchanges, seconds, examples }: Plan): string[] {
  const gigabytes = (value: number) => `${(value / 1e9).toFixed(2)} GB`;
  const parts = [
    `weights ${gigabytes(memory.weights)}`,
    `gradients ${gigabytes(memory.gradients)}`,
    `optimizer ${gigabytes(memory.optimizer)}`,
  ];
  return [
    `Each of ${workers} workers, a step of ${examples} examples:`,
    `  memory     ${gigabytes(memory.peak)} (${parts.join(', ')}; the rest is the reference, what a step computes, and the program)`,
    `  on wire    ${gigabytes(bytes)} each way, in ${exchanges} exchanges`,
    `  computing  ${short(seconds.alone)} s, measured here`,
    `  exchanges  ${short(seconds.exchanges)} s, expected`,
    `  a step     ${short(seconds.total)} s, ${short(examples / seconds.total)} examples/s of all workers`,
  ];
}
