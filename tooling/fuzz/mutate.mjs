// Damages the bytes of a file, in the same way for the same numbers.
import { random } from '@dpo/base';

/** Numbers that make lengths, counts and positions absurd. */
const EXTREMES = [0, 1, 2, 7, 0xff, 0xffff, 0x7fffffff, 0x40000000, 0x80000000, 0xffffffff, 2 ** 40, 2 ** 53, 2 ** 63];
/** JSON values that readers may stumble over: wrong types, absurd numbers, names that every object has. */
const VALUES = [
  ...[null, true, -1, 0, 0.5, 3, 1e9, 2 ** 40, 2 ** 53, 1e308, '', 'x', '__proto__', 'constructor', '(', '\x1b[2J'],
  ...[[], {}, [[]], [null], [1e9], { a: 1 }, { 0: {} }, '\ud800', '\u2581', '{{', '{% for'],
];

/**
 * A damaged form of a file.
 *
 * @param form how the file is built: `bytes`, `json`, `lines` (JSON lines), `safetensors`
 * @param seeds the whole files of the format
 * @param key integers that the damage depends on
 */
export function mutate(form, seeds, ...key) {
  const next = random(...key);
  const below = (n) => Math.floor(next() * n);
  const whole = seeds[below(seeds.length)];
  const structured = form !== 'bytes' && next() < 0.7;
  let bytes = structured ? STRUCTURED[form](whole, next) : Buffer.from(whole);
  if (structured && next() < 0.8) return bytes;
  for (let times = 1 + below(4); times > 0; times--) {
    const act = BYTES[below(BYTES.length)];
    bytes = act(bytes, below, seeds);
  }
  return bytes;
}

/** Damages to bytes, whatever the bytes mean. */
const BYTES = [
  (bytes, below) => {
    if (bytes.length > 0) bytes[below(bytes.length)] ^= 1 << below(8);
    return bytes;
  },
  (bytes, below) => {
    if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
    return bytes;
  },
  (bytes, below) => {
    const at = below(bytes.length + 1);
    return bytes.fill(below(256), at, Math.min(bytes.length, at + below(40)));
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length + 1)),
  (bytes, below) =>
    Buffer.concat([bytes.subarray(0, below(bytes.length + 1)), bytes.subarray(below(bytes.length + 1))]),
  (bytes, below, seeds) => {
    const other = seeds[below(seeds.length)];
    return Buffer.concat([bytes.subarray(0, below(bytes.length + 1)), other.subarray(below(other.length + 1))]);
  },
  (bytes, below) => extreme(bytes, below, below(bytes.length)),
  // Lengths and counts stand at multiples of four, mostly near the beginning or the end.
  (bytes, below) => extreme(bytes, below, 4 * below(bytes.length / 4)),
  (bytes, below) => extreme(bytes, below, 4 * below(Math.min(bytes.length, 2048) / 4)),
  (bytes, below) => extreme(bytes, below, Math.max(0, bytes.length - 1 - below(600))),
];

function extreme(bytes, below, at) {
  const value = EXTREMES[below(EXTREMES.length)];
  const wide = below(2) === 1;
  if (at + 8 > bytes.length) return bytes;
  if (wide) bytes.writeBigUInt64LE(BigInt(value), at);
  else bytes.writeUInt32LE(value % 2 ** 32, at);
  return bytes;
}

/** Damages to the JSON in a file, by form. */
const STRUCTURED = {
  json: (bytes, next) => Buffer.from(jsonText(jsonOf(bytes), next)),
  lines(bytes, next) {
    const lines = bytes.toString().split('\n');
    const at = Math.floor(next() * lines.length);
    lines[at] = lines[at].trim() === '' ? '[]' : jsonText(JSON.parse(lines[at]), next);
    return Buffer.from(lines.join('\n'));
  },
  safetensors(bytes, next) {
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    const header = Buffer.from(jsonText(JSON.parse(bytes.subarray(8, end)), next));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, bytes.subarray(end)]);
  },
};

/** The values of whole files, each of which is damaged a hundred thousand times and parsed once. */
const values = new WeakMap();
function jsonOf(bytes) {
  if (!values.has(bytes)) values.set(bytes, JSON.parse(bytes));
  return values.get(bytes);
}

function jsonText(value, next) {
  const text = JSON.stringify(changedJson(value, next));
  if (next() > 0.03) return text;
  const deep = Math.floor(next() * 120_000);
  return next() < 0.5 ? `${'['.repeat(deep)}${text}${']'.repeat(deep)}` : `{"a":${'['.repeat(deep)}`;
}

/** A JSON value with a part, at any depth, replaced, doubled, left out, or under another name. */
function changedJson(value, next, depth = 0) {
  const pick = (list) => list[Math.floor(next() * list.length)];
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || next() < 0.1) return next() < 0.03 ? 'x'.repeat(300_000) : pick(VALUES);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const key = pick(keys);
  const act = next();
  if (depth < 12 && act < 0.6) copy[key] = changedJson(value[key], next, depth + 1);
  else if (act < 0.8) copy[key] = pick(VALUES);
  else if (act < 0.9) copy[pick(keys)] = copy[key];
  else {
    if (act < 0.95) copy[`${key}x`] = copy[key];
    delete copy[key];
  }
  return copy;
}
