import type { Frontier } from '../../frontier/frontier.js';
import type { Colour } from '../chart-frame.js';
import { runColour } from '../comparison/run-colours.js';
import { type Html, html } from '../html.js';

/** The mark of a method. Each method has a shape besides its colour, so that the figure can be read without colours. */
export interface MethodMark {
  readonly method: string;
  readonly colour: Colour;
  readonly shape: Shape;
}

type Shape = keyof typeof shapes;

const order: readonly Shape[] = ['circle', 'square', 'diamond', 'up', 'down', 'cross'];

/** The outline of each shape about 0, 0, in pixels. */
const shapes = {
  circle: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z',
  square: 'M-4.5-4.5H4.5V4.5H-4.5Z',
  diamond: 'M0-6.4 6.4 0 0 6.4-6.4 0Z',
  up: 'M0-6.2 5.8 4.2H-5.8Z',
  down: 'M0 6.2 5.8-4.2H-5.8Z',
  cross: 'M-1.9-5.7H1.9V-1.9H5.7V1.9H1.9V5.7H-1.9V1.9H-5.7V-1.9H-1.9Z',
  ring: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0ZM-2.4 0a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0-4.8 0Z',
} as const;

/** The marks of all methods: first the trained methods, then the start and Best-of-N in grey. Each group has the order of the cells. */
export function methodMarks({ cells }: Frontier): MethodMark[] {
  const trainedMethods = [...new Set(cells.flatMap(({ kind, method }) => (kind === 'trained' ? [method] : [])))];
  const greyMethods = [...new Set(cells.flatMap(({ kind, method }) => (kind === 'trained' ? [] : [method])))];
  return [
    ...trainedMethods.map((method, i) => ({
      method,
      colour: runColour(i),
      shape: order[(i + Math.floor(i / order.length)) % order.length] as Shape,
    })),
    ...greyMethods.map((method, i) => ({
      method,
      colour: 'before' as const,
      shape: i === 0 ? ('ring' as const) : ('square' as const),
    })),
  ];
}

/** A mark at a place of a drawing, in pixels. */
export function markAt({ shape }: MethodMark, x: number, y: number): Html {
  return html`<path class="mark" fill-rule="evenodd" transform="translate(${x} ${y})" d="${shapes[shape]}"/>`;
}

/** A mark with its method's name, for the legend. */
export function markKey(mark: MethodMark): Html {
  return html`<span class="method ${mark.colour}"><svg viewBox="-8 -8 16 16" aria-hidden="true">${markAt(mark, 0, 0)}</svg>${mark.method}</span>`;
}
