import { tensorflowVersion } from '@dpo/engine';

/** What our programs of the bench print: one line of JSON, as result.py does. */
export function printResult({ stepSeconds, warmUp, engine, ...more }) {
  const { user, system } = process.cpuUsage();
  const result = {
    stepSeconds: stepSeconds.slice(warmUp),
    firstStepSeconds: stepSeconds[0],
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    cpuSeconds: (user + system) / 1e6,
    versions: { Node: process.versions.node, TensorFlow: tensorflowVersion },
    engine: engine.description,
    ...more,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
