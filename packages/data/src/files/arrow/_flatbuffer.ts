/**
 * A table of a FlatBuffer. No position is followed out of the bytes. A field has the number of its slot, counted from 0 in the
 * order of the schema. Every method throws a RangeError when the bytes are not valid.
 */
export interface FlatTable {
  /** A number of 8, 16 or 32 bits. */
  number(slot: number, bits: 8 | 16 | 32, fallback: number): number;
  /** A number of 64 bits, which must be a safe integer. */
  long(slot: number, fallback: number): number;
  /** A text; undefined for an empty slot. */
  text(slot: number): string | undefined;
  table(slot: number): FlatTable | undefined;
  tables(slot: number): readonly FlatTable[];
  /** A list of structs of so many bytes each. */
  structs(slot: number, bytes: number): FlatStructs;
}

/** A list of structs: numbers of 64 or 32 bits at an offset within each. */
interface FlatStructs {
  readonly count: number;
  long(index: number, offset: number): number;
  int(index: number, offset: number): number;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The root table of a FlatBuffer. Several places may refer to one table or text, so that few bytes can stand for millions of
 * values. Reading therefore ends with an error after as many bytes as a FlatBuffer without repetition could hold.
 */
export function flatRoot(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bounds: Bounds = { view, budget: 2 * bytes.byteLength + 1024 };
  return tableAt(bounds, follow(bounds, 0));
}

interface Bounds {
  readonly view: DataView;
  /** The number of bytes that may still be read. */
  budget: number;
}

function spend(bounds: Bounds, bytes: number): void {
  bounds.budget -= bytes;
  if (bounds.budget < 0) throw new RangeError('its metadata repeat themselves without end');
}

/** The position `at`. @throws RangeError unless so many bytes lie there */
function within({ view }: Bounds, at: number, bytes: number): number {
  if (at >= 0 && bytes >= 0 && at + bytes <= view.byteLength) return at;
  throw new RangeError(`its metadata lead to byte ${at + bytes} of ${view.byteLength}`);
}

/** The target of the offset at `at`. Offsets lead forwards, so that no way through the bytes is a circle. */
function follow(bounds: Bounds, at: number): number {
  const offset = bounds.view.getUint32(within(bounds, at, 4), true);
  if (offset === 0) throw new RangeError('its metadata lead nowhere');
  return within(bounds, at + offset, 4);
}

function tableAt(bounds: Bounds, at: number): FlatTable {
  const { view } = bounds;
  const fields = within(bounds, at - view.getInt32(within(bounds, at, 4), true), 4);
  const fieldBytes = view.getInt16(fields, true);
  if (fieldBytes < 4) throw new RangeError('a table of its metadata has no fields');
  within(bounds, fields, fieldBytes);
  spend(bounds, 4);

  const place = (slot: number, bytes: number): number | undefined => {
    const entry = 4 + 2 * slot;
    const offset = entry + 2 <= fieldBytes ? view.getInt16(fields + entry, true) : 0;
    return offset === 0 ? undefined : within(bounds, at + offset, bytes);
  };
  const list = (slot: number, bytes: number): { readonly from: number; readonly count: number } => {
    const field = place(slot, 4);
    if (field === undefined) return { from: 0, count: 0 };
    const head = follow(bounds, field);
    const count = view.getInt32(head, true);
    within(bounds, head + 4, count * bytes);
    spend(bounds, 4 + count * bytes);
    return { from: head + 4, count };
  };
  return {
    number(slot, bits, fallback) {
      const from = place(slot, bits / 8);
      if (from === undefined) return fallback;
      if (bits === 8) return view.getUint8(from);
      return bits === 16 ? view.getInt16(from, true) : view.getInt32(from, true);
    },
    long(slot, fallback) {
      const from = place(slot, 8);
      return from === undefined ? fallback : safe(view.getBigInt64(from, true));
    },
    text(slot) {
      if (place(slot, 4) === undefined) return undefined;
      const { from, count } = list(slot, 1);
      return utf8.decode(new Uint8Array(view.buffer, view.byteOffset + from, count));
    },
    table(slot) {
      const field = place(slot, 4);
      return field === undefined ? undefined : tableAt(bounds, follow(bounds, field));
    },
    tables(slot) {
      const { from, count } = list(slot, 4);
      return Array.from({ length: count }, (_, i) => tableAt(bounds, follow(bounds, from + 4 * i)));
    },
    structs(slot, bytes) {
      const { from, count } = list(slot, bytes);
      return {
        count,
        long: (index, offset) => safe(view.getBigInt64(from + index * bytes + offset, true)),
        int: (index, offset) => view.getInt32(from + index * bytes + offset, true),
      };
    },
  };
}

function safe(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`its metadata hold a number of ${value}`);
}
