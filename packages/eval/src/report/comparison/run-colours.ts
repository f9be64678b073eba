import type { Colour } from '../chart-frame.js';

const COLOURS: readonly Colour[] = ['after', 'other', 'held', 'run-4', 'run-5', 'run-6'];

/** A run's colour by its place among the runs; the seventh run has the first colour again. */
export function runColour(place: number): Colour {
  return COLOURS[place % COLOURS.length] as Colour;
}
