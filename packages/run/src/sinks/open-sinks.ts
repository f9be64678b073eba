import type { RunStart, Sink, SinkOrOpener } from './sink.js';

/** Opens sinks and makes one of them, which tells each in turn. Where one cannot be opened, those before it are closed. */
export async function openSinks(sinks: readonly SinkOrOpener[], start: RunStart): Promise<Required<Sink>> {
  const opened: Sink[] = [];
  const close = async () => {
    for (const sink of opened) await sink.close?.();
  };
  try {
    for (const sink of sinks) opened.push(typeof sink === 'function' ? await sink(start) : sink);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    record: async (record, details) => {
      for (const sink of opened) await sink.record(record, details);
    },
    samples: async (step, text) => {
      for (const sink of opened) await sink.samples?.(step, text);
    },
    warning: async (warning, repeated) => {
      for (const sink of opened) await sink.warning?.(warning, repeated);
    },
    close,
  };
}
