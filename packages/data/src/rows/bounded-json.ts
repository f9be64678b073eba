/** Deeper than any row: what is walked through by functions that call themselves must end before their stack does. */
const DEEPEST = 100;

/** JSON that is whole, and nested deeper than anything here goes. */
export class TooDeep extends RangeError {
  constructor() {
    super(`it is nested more than ${DEEPEST} deep`);
  }
}

/** What JSON.parse gives. @throws {@link TooDeep} besides the errors of JSON.parse */
export function boundedJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkDepth(value);
  return value;
}

/** @throws {@link TooDeep} for lists and objects within one another without end */
export function checkDepth(value: unknown, left = DEEPEST): void {
  if (typeof value !== 'object' || value === null) return;
  if (left === 0) throw new TooDeep();
  for (const item of Array.isArray(value) ? value : Object.values(value)) checkDepth(item, left - 1);
}
