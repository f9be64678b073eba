import { make } from './element.js';

/** A chart that grows point by point. */
export interface Chart {
  readonly root: HTMLElement;
  /** Shows these values, one to a step from the first on. */
  show(values: readonly number[], steps: number): void;
}

/** How a chart looks. */
export interface ChartOptions {
  readonly title: string;
  /** The names of the lines, in order. */
  readonly format: (value: number) => string;
  /** A value that the vertical axis always shows, with a thin line. */
  readonly base?: number | undefined;
  /** The largest and the smallest value of the axis. Default: those of the values. */
  readonly range?: readonly [number, number] | undefined;
}

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, PAD] = [320, 110, 6];

/** A line over the steps, with the newest value beside the title. */
export function chart({ title, format, base, range }: ChartOptions): Chart {
  const value = make('span', 'value', '–');
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${title}: no values yet`);
  const [ruler, line] = [document.createElementNS(SVG, 'path'), document.createElementNS(SVG, 'path')];
  ruler.setAttribute('class', 'ruler');
  line.setAttribute('class', 'line');
  svg.append(ruler, line);
  const [top, bottom] = [make('span', 'top', ''), make('span', 'bottom', '')];
  const root = make('figure', 'chart', make('figcaption', '', title, value), make('div', 'plot', svg, top, bottom));
  return {
    root,
    show(values, steps) {
      const last = values.at(-1);
      if (last === undefined) {
        value.textContent = '–';
        svg.setAttribute('aria-label', `${title}: no values yet`);
        line.setAttribute('d', '');
        return;
      }
      const [least, most] = range ?? extent(base === undefined ? values : [...values, base]);
      const place = placer({ least, most, steps });
      line.setAttribute('d', values.map((each, i) => `${i === 0 ? 'M' : 'L'}${place(i, each)}`).join(''));
      ruler.setAttribute('d', base === undefined ? '' : `M${place(0, base)}H${WIDTH - PAD}`);
      value.textContent = format(last);
      [top.textContent, bottom.textContent] = [format(most), format(least)];
      const first = format(values[0] as number);
      svg.setAttribute(
        'aria-label',
        `${title}: from ${first} at the first step to ${format(last)} at step ${values.length}`,
      );
    },
  };
}

function extent(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  return least < most ? [least, most] : [least - 0.5, most + 0.5];
}

function placer({ least, most, steps }: { readonly least: number; readonly most: number; readonly steps: number }) {
  return (index: number, value: number): string => {
    const x = PAD + (index / Math.max(1, steps - 1)) * (WIDTH - 2 * PAD);
    const share = Number.isFinite(value) ? (value - least) / (most - least) : 0;
    const y = HEIGHT - PAD - Math.min(1, Math.max(0, share)) * (HEIGHT - 2 * PAD);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
}
