import { DpoError } from '@dpo/base';
import type { DeviceName } from '../shared/device-name.js';
import type { Context, Device } from './_context.js';

/**
 * The device of a name among TensorFlow's devices.
 *
 * @throws DpoError `engine.no-device` when TensorFlow has no such device
 */
export function chooseDevice(context: Context, name: DeviceName): Device {
  const devices = context.devices();
  const cpu = devices.find(({ type }) => type === 'CPU');
  const gpus = devices.filter(({ type }) => type === 'GPU');
  const index = Number(name.split(':')[1] ?? 0);
  const device = name === 'cpu' || (name === 'auto' && gpus.length === 0) ? cpu : gpus[index];
  if (device !== undefined) return device;
  const names = devices.map(shortName);
  throw new DpoError('engine.no-device', `TensorFlow has no device ${name} here; it has ${names.join(', ')}.`, {
    values: { device: name, known: names },
    hint:
      gpus.length > 0
        ? `Use one of these devices.`
        : 'For a GPU, install the CUDA build (dpo engine install --cuda) and NVIDIA’s driver and CUDA 12 libraries; TF_CPP_MIN_LOG_LEVEL=0 shows what TensorFlow misses.',
  });
}

/** `cpu` or `gpu:N`. */
export function shortName({ type, name }: Device): 'cpu' | `gpu:${number}` {
  return type === 'GPU' ? `gpu:${Number(/(\d+)$/.exec(name)?.[1] ?? 0)}` : 'cpu';
}
