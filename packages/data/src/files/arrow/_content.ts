import { type Data, DataType, type RecordBatch, type Union } from 'apache-arrow';

/**
 * Checks that every position in a record batch is valid: offsets rise and stay within texts and lists, indices within
 * dictionaries, views within their buffers. Readers of cells rely on this check.
 *
 * @throws RangeError with the column and the reason
 */
export function checkContent(batch: RecordBatch): void {
  batch.data.children.forEach((data, i) => {
    try {
      check(data);
    } catch (error) {
      throw new RangeError(
        `column "${batch.schema.fields[i]?.name}": ${error instanceof Error ? error.message : error}`,
      );
    }
  });
}

function check(data: Data): void {
  const { type, length } = data;
  if (length === 0 || DataType.isNull(type)) return;
  if (!DataType.isUnion(type) && data.nullCount > 0) expectLength(data.nullBitmap.length * 8, length);
  if (DataType.isDictionary(type)) checkIndices(data);
  else if (hasOffsets(type)) checkOffsets(data);
  else if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) checkViews(data);
  else if (DataType.isUnion(type)) checkUnion(data, type);
  else if (DataType.isFixedSizeList(type)) expectLength(data.children[0]?.length ?? 0, length * type.listSize);
  else if (DataType.isStruct(type)) for (const child of data.children) expectLength(child.length, length);
  else expectLength(data.values.length, DataType.isBool(type) ? length / 8 : length * data.stride);
  for (const child of data.children) check(child);
}

function expectLength(actual: number, least: number): void {
  if (actual < least) throw new RangeError(`it has ${actual} values of ${Math.ceil(least)}`);
}

function hasOffsets(type: DataType): boolean {
  const texts = DataType.isUtf8(type) || DataType.isLargeUtf8(type);
  const bytes = DataType.isBinary(type) || DataType.isLargeBinary(type);
  return texts || bytes || DataType.isList(type) || DataType.isLargeList(type) || DataType.isMap(type);
}

function checkOffsets(data: Data): void {
  const offsets: ArrayLike<number | bigint> = data.valueOffsets;
  const end = data.children[0]?.length ?? data.values.length;
  expectLength(offsets.length, data.length + 1);
  let previous = Number(offsets[0]);
  for (let i = 0; i <= data.length; i++) {
    const offset = Number(offsets[i]);
    if (offset < previous || offset < 0 || offset > end) {
      throw new RangeError(`cell ${Math.max(0, i - 1)} reaches from ${previous} to ${offset} of ${end}`);
    }
    previous = offset;
  }
}

function checkIndices(data: Data): void {
  const indices: ArrayLike<number | bigint> = data.values;
  const { dictionary } = data;
  if (dictionary === undefined) throw new RangeError('its dictionary is missing');
  expectLength(indices.length, data.length);
  const all = data.nullCount === 0;
  for (let i = 0; i < data.length; i++) {
    const index = Number(indices[i]);
    if (!(index >= 0 && index < dictionary.length) && (all || data.getValid(i))) {
      throw new RangeError(`cell ${i} is number ${index} of ${dictionary.length} in its dictionary`);
    }
  }
  for (const part of dictionary.data) check(part);
}

/** Checks views. A view is 16 bytes: a length, and then the text itself, or its beginning with buffer and position. */
function checkViews(data: Data): void {
  const bytes: Uint8Array = data.values;
  expectLength(bytes.length, data.length * 16);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = data.nullCount === 0;
  for (let i = 0; i < data.length; i++) {
    const length = view.getInt32(i * 16, true);
    if (length >= 0 && length <= 12) continue;
    const from = view.getInt32(i * 16 + 12, true);
    const size = data.variadicBuffers[view.getInt32(i * 16 + 8, true)]?.length ?? 0;
    if ((length < 0 || from < 0 || from + length > size) && (all || data.getValid(i))) {
      throw new RangeError(`cell ${i} reaches from ${from} to ${from + length} of ${size}`);
    }
  }
}

function checkUnion(data: Data, type: Union): void {
  expectLength(data.typeIds.length, data.length);
  const offsets: ArrayLike<number> | undefined = data.valueOffsets;
  for (let i = 0; i < data.length; i++) {
    const child = data.children[type.typeIdToChildIndex[data.typeIds[i] as number] ?? -1];
    const at = Number(offsets?.length ? offsets[i] : i);
    if (child === undefined || !(at >= 0 && at < child.length)) {
      throw new RangeError(`cell ${i} is value ${at} of ${child?.length ?? 'no kind'}`);
    }
  }
}
