/** `repr` of a float: the shortest digits that mean the same float, with an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) return `${mantissa}e${exponentText(exponent)}`;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** `%.Nf`. */
export function fixed(value: number, digits: number): string {
  return special(value) ?? exactFixed(value, digits);
}

/** `%.Ne`. */
export function scientific(value: number, digits: number): string {
  const specialText = special(value);
  if (specialText !== undefined) return specialText;
  const [mantissa = '', power = '0'] = value.toExponential(digits).split('e');
  return `${Object.is(value, -0) ? '-' : ''}${mantissa}e${exponentText(Number(power))}`;
}

/** `%.Ng`: N significant digits, fixed or scientific, without zeros at the end. */
export function general(value: number, digits: number, keepZeros = false): string {
  const specialText = special(value);
  if (specialText !== undefined) return specialText;
  const precision = Math.max(1, digits);
  const exponent = value === 0 ? 0 : Number(value.toExponential(precision - 1).split('e')[1]);
  const trim = (text: string): string => (keepZeros || !text.includes('.') ? text : text.replace(/\.?0+$/, ''));
  if (exponent >= -4 && exponent < precision) return trim(fixed(value, precision - 1 - exponent));
  const [mantissa = '', power = ''] = scientific(value, precision - 1).split('e');
  return `${trim(mantissa)}e${power}`;
}

/** `toFixed` with Python's rounding: JavaScript's rounds halves up, and writes exponents from 1e21 on. */
function exactFixed(value: number, digits: number): string {
  const places = Math.min(100, digits);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size >= 1e21) return `${BigInt(value)}${places > 0 ? `.${'0'.repeat(places)}` : ''}`;
  const text = size.toFixed(places);
  return sign + (isHalf(size, places) && isOdd(text) ? (size - 10 ** -places / 2).toFixed(places) : text);
}

/** Whether a number lies exactly between two numbers with this many decimal places. */
function isHalf(size: number, places: number): boolean {
  return Number.isInteger(size * 2 ** (places + 1)) && (size * 10 ** places) % 1 === 0.5;
}

function isOdd(text: string): boolean {
  return Number(text.at(-1)) % 2 === 1;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? undefined : value < 0 ? '-inf' : 'inf';
}

function exponentText(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
