import { DpoError } from '@dpo/base';
import type { DeviceName } from '../shared/device-name.js';
import type { Context, Device } from './_context.js';

/**
 * The device of that name among those that TensorFlow has.
 *
 * @throws DpoError `engine.no-device` when it is not among them
 */
export function chooseDevice(context: Context, name: DeviceName): Device {
  const devices = context.devices();
  const cpu = devices.find(({ type }) => type === 'CPU');
  const gpus = devices.filter(({ type }) => type === 'GPU');
  const index = Number(name.split(':')[1] ?? 0);
  const found = name === 'cpu' || (name === 'auto' && gpus.length === 0) ? cpu : gpus[index];
  if (found !== undefined) return found;
  const known = devices.map(shortName);
  throw new DpoError('engine.no-device', `TensorFlow has no device ${name} here; it has ${known.join(', ')}.`, {
    values: { device: name, known },
    hint:
      gpus.length > 0
        ? `Use one of them.`
        : 'For a GPU, install the CUDA build (dpo engine install --cuda) and NVIDIA’s driver and CUDA 12 libraries; TF_CPP_MIN_LOG_LEVEL=0 shows what TensorFlow misses.',
  });
}

/** `cpu` or `gpu:N`. */
export function shortName({ type, name }: Device): 'cpu' | `gpu:${number}` {
  return type === 'GPU' ? `gpu:${Number(/(\d+)$/.exec(name)?.[1] ?? 0)}` : 'cpu';
}
