/** The name of a device. `auto` is the first GPU that TensorFlow sees, else the processor. */
export type DeviceName = 'auto' | 'cpu' | 'gpu' | `gpu:${number}`;

/** Tells whether a text names a device. */
export function isDeviceName(text: unknown): text is DeviceName {
  return typeof text === 'string' && /^(auto|cpu|gpu|gpu:\d+)$/.test(text);
}
