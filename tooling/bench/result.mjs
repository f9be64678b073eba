import { tensorflowVersion } from '@dpo/engine';

/** Prints the result of one of our programs as one line of JSON, like result.py. */
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
