const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A moment in local time, in Python's format with English names. A `-` before a letter drops zeros in front. */
export function strftime(moment: Date, format: string): string {
  return format.replace(/%([-_0^#]?)([a-zA-Z%])/g, (whole, flag: string, letter: string) => {
    const text = part(moment, letter);
    if (text === undefined) return whole;
    if (flag === '-') return text.replace(/^[0 ]+(?=\d)/, '');
    if (flag === '_') return text.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
    return flag === '^' ? text.toUpperCase() : text;
  });
}

function part(moment: Date, letter: string): string | undefined {
  const compound = compounds[letter];
  if (compound !== undefined) return strftime(moment, compound);
  const make = Object.hasOwn(parts, letter) ? parts[letter] : undefined;
  return make?.(moment);
}

const compounds: Readonly<Record<string, string>> = {
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  c: '%a %b %e %H:%M:%S %Y',
  h: '%b',
  r: '%I:%M:%S %p',
  x: '%m/%d/%y',
};

function padded(value: number, width = 2, fill = '0'): string {
  return String(value).padStart(width, fill);
}

function dayOfYear(moment: Date): number {
  const day = Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate());
  return Math.round((day - Date.UTC(moment.getFullYear(), 0, 1)) / 86_400_000) + 1;
}

/** The week of a year whose weeks begin on a day, 0 before the first such day. */
function week(moment: Date, firstDay: number): number {
  return Math.floor((dayOfYear(moment) + 6 - ((moment.getDay() - firstDay + 7) % 7)) / 7);
}

/** Year and week by ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(moment: Date): { year: number; week: number } {
  const thursday = new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + 4 - (moment.getDay() || 7));
  return { year: thursday.getFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

const parts: Readonly<Record<string, (moment: Date) => string>> = {
  '%': () => '%',
  A: (moment) => days[moment.getDay()] as string,
  B: (moment) => months[moment.getMonth()] as string,
  C: (moment) => padded(Math.floor(moment.getFullYear() / 100)),
  G: (moment) => String(isoWeek(moment).year),
  H: (moment) => padded(moment.getHours()),
  I: (moment) => padded(moment.getHours() % 12 || 12),
  M: (moment) => padded(moment.getMinutes()),
  S: (moment) => padded(moment.getSeconds()),
  U: (moment) => padded(week(moment, 0)),
  V: (moment) => padded(isoWeek(moment).week),
  W: (moment) => padded(week(moment, 1)),
  Y: (moment) => String(moment.getFullYear()),
  Z: () => '',
  a: (moment) => (days[moment.getDay()] as string).slice(0, 3),
  b: (moment) => (months[moment.getMonth()] as string).slice(0, 3),
  d: (moment) => padded(moment.getDate()),
  e: (moment) => padded(moment.getDate(), 2, ' '),
  f: (moment) => padded(moment.getMilliseconds() * 1000, 6),
  j: (moment) => padded(dayOfYear(moment), 3),
  k: (moment) => padded(moment.getHours(), 2, ' '),
  l: (moment) => padded(moment.getHours() % 12 || 12, 2, ' '),
  m: (moment) => padded(moment.getMonth() + 1),
  n: () => '\n',
  p: (moment) => (moment.getHours() < 12 ? 'AM' : 'PM'),
  s: (moment) => String(Math.floor(moment.getTime() / 1000)),
  t: () => '\t',
  u: (moment) => String(moment.getDay() || 7),
  w: (moment) => String(moment.getDay()),
  y: (moment) => padded(moment.getFullYear() % 100),
  z: () => '',
};
