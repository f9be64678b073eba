import { parseArgs } from 'node:util';

/** Writes a line to people. */
export const say = (line) => process.stderr.write(`${line}\n`);

/** Ends the program for wrong usage. */
export function fail(message) {
  say(`Error: ${message}`);
  process.exit(2);
}

/** The options of the command line, and `count`, which reads an option as a positive integer. */
export function readOptions(options) {
  let values;
  try {
    values = parseArgs({ options }).values;
  } catch (error) {
    fail(error.message);
  }
  const count = (name) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1) fail(`--${name} must be a positive integer, not ${values[name]}.`);
    return value;
  };
  return { values, count };
}
