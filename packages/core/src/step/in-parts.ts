/** Workers exchange numbers in parts of up to so many (64 MB): large enough for the network, and few in memory a second time. */
const TOGETHER = 2 ** 24;

/** Things in order, divided into parts of up to 2²⁴ numbers. A larger thing is a part of its own. */
export function inParts<T>(things: readonly T[], sizeOf: (thing: T) => number): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let room = 0;
  for (const thing of things) {
    const size = sizeOf(thing);
    const last = parts.at(-1);
    if (last === undefined || size > room) {
      parts.push([thing]);
      room = TOGETHER - size;
    } else {
      last.push(thing);
      room -= size;
    }
  }
  return parts;
}

/** The number of elements of a shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
