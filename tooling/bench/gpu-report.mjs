/** The results of gpu.mjs as a table in Markdown, with a row for each mode. */
export function gpuTable(results) {
  const modes = [...new Set(results.map(({ work }) => work.mode))];
  const of = (kind, mode) => results.find(({ work }) => work.kind === kind && work.mode === mode);
  const cell = (kind, mode, text) => {
    const result = of(kind, mode);
    if (result === undefined) return '';
    return result.error === undefined ? text(result.numbers) : 'failed';
  };
  const rows = modes.map((mode) => [
    mode,
    cell('products', mode, ({ gigaflops }) => tera(gigaflops)),
    cell('step', mode, ({ stepSeconds }) => stepSeconds.toFixed(3)),
    cell('step', mode, ({ pairsPerSecond }) => pairsPerSecond.toFixed(1)),
    cell('step', mode, ({ gigaflops }) => tera(gigaflops)),
    cell('step', mode, ({ memoryBytes }) => (memoryBytes === undefined ? '' : (memoryBytes / 1e9).toFixed(1))),
    cell('step', mode, ({ firstStepSeconds }) => firstStepSeconds.toFixed(1)),
    cell('generation', mode, ({ tokensPerSecond }) => tokensPerSecond.toFixed(0)),
    cell('parity', mode, ({ difference }) => difference.toExponential(1)),
  ]);
  const head = ['mode', 'products, TFLOP/s', 'step, s', 'pairs/s', 'step, TFLOP/s', 'memory, GB', 'first step, s'];
  head.push('generation, tokens/s', 'difference from the processor');
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The whole of docs/benchmarks-gpu.md. */
export function reportOf({ date, small, machine, step, sampling, results }) {
  const failures = results.filter(({ error }) => error !== undefined);
  const { cpu, cores, engine, gpu } = machine;
  return `# Benchmarks on a GPU

Written by \`node tooling/bench/gpu.mjs --write\` on ${date}; [tooling/bench](../tooling/bench/README.md) says how.
${small ? '\nMeasured on a processor with small cases, to try the script out: these numbers say nothing of GPUs.\n' : ''}
${gpuTable(results)}

Step: DPO of ${step.shape} with random weights, ${step.batch} pairs of ${step.prompt} + ${step.answer} + ${step.answer} tokens, reference in the step, AdamW.
Generation: ${sampling.shape}, ${sampling.rows} prompts × ${sampling.answer} new tokens. Difference: the largest relative one of losses, gradient norms
and log-probabilities in three steps of a small model, beside float32 on the processor.
${failures.map(({ work, error }) => `\nFailed: ${work.kind}, ${work.mode}: ${error.split('\n')[0]}\n`).join('')}
Machine: ${gpu ?? 'no GPU'}; ${cpu}, ${cores} cores; ${engine}.
`;
}

const tera = (gigaflops) => (gigaflops / 1000).toFixed(gigaflops < 1e5 ? 2 : 0);
