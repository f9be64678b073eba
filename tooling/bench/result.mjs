import { tensorflowVersion } from '@dpo/engine';

/** A clock of steps: each call returns the seconds since the last call, and the processor's seconds of all threads meanwhile. */
export function stepClock() {
  let [last, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const [now, since] = [performance.now(), process.cpuUsage(cpu)];
    const times = { seconds: (now - last) / 1000, cpuSeconds: (since.user + since.system) / 1e6 };
    [last, cpu] = [now, process.cpuUsage()];
    return times;
  };
}

/**
 * Prints the result of one of our programs as one line of JSON, like result.py.
 *
 * @param {{ stepSeconds: number[], stepCpuSeconds?: number[], warmUp: number, engine: import('@dpo/engine').Engine } & Record<string, unknown>} result
 *   `stepCpuSeconds` are the processor's seconds of each step
 */
export function printResult({ stepSeconds, stepCpuSeconds, warmUp, engine, ...more }) {
  const { user, system } = process.cpuUsage();
  const result = {
    stepSeconds: stepSeconds.slice(warmUp),
    stepCpuSeconds: stepCpuSeconds?.slice(warmUp),
    firstStepSeconds: stepSeconds[0],
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    cpuSeconds: (user + system) / 1e6,
    versions: { Node: process.versions.node, TensorFlow: tensorflowVersion },
    engine: engine.description,
    ...more,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
