/** What a device is asked for by: `auto` is the first GPU where TensorFlow sees one, else the processor. */
export type DeviceName = 'auto' | 'cpu' | 'gpu' | `gpu:${number}`;

/** Whether a text names a device. */
export function isDeviceName(text: unknown): text is DeviceName {
  return typeof text === 'string' && /^(auto|cpu|gpu|gpu:\d+)$/.test(text);
}
