import type { RunStart, Sink, SinkOrOpener } from './sink.js';

/** One sink that calls several sinks one after the other. When a sink cannot be opened, the sinks before it are closed. */
export async function openSinks(sinks: readonly SinkOrOpener[], start: RunStart): Promise<Required<Sink>> {
  const open: Sink[] = [];
  const close = async () => {
    for (const sink of open) await sink.close?.();
  };
  try {
    for (const sink of sinks) open.push(typeof sink === 'function' ? await sink(start) : sink);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    record: async (record, details) => {
      for (const sink of open) await sink.record(record, details);
    },
    samples: async (step, text) => {
      for (const sink of open) await sink.samples?.(step, text);
    },
    warning: async (warning, repeated) => {
      for (const sink of open) await sink.warning?.(warning, repeated);
    },
    close,
  };
}
