import { DpoError } from '@dpo/base';
import type { StepRecord } from '@dpo/core';
import type { Engine } from '@dpo/engine';
import { memory } from '@tensorflow/tfjs-core';
import { chooseEngine, type EngineChoice } from '../session/choose-engine.js';
import { describeError } from '../session/describe-error.js';
import { type KeptFacts, memoryPlace, type SessionPlace } from '../session/kept-session.js';
import { openSession, type Session } from '../session/open-session.js';
import { zipOf } from '../session/zip.js';
import type { InputsMessage, Reply, Request } from './messages.js';

/** A training that is open in the worker. */
interface OpenTraining {
  readonly inputs: InputsMessage;
  readonly engine: Engine;
  /** Where the training is kept. */
  place: SessionPlace;
  /** Undefined after the whole model was downloaded: merging ends a session, and the last checkpoint opens it anew. */
  session: Session | undefined;
  facts: KeptFacts;
}

/** Checkpoints up to this size are written after each step, larger ones after every tenth. */
const SMALL_BYTES = 16e6;

/**
 * The worker's side of the page: takes requests one after another, and tells the page what happens.
 *
 * @param lasting where a training is kept
 * @param tell sends a reply to the page
 */
export function trainer(lasting: SessionPlace, wasmFolder: string, tell: (reply: Reply) => void) {
  let open: OpenTraining | undefined;
  let stop: AbortController | undefined;

  async function close(): Promise<void> {
    open?.session?.dispose();
    await open?.engine.dispose();
    open = undefined;
  }

  async function openEngine(choice: EngineChoice): Promise<Engine> {
    tell({ kind: 'doing', what: 'Starting the engine …' });
    const engine = await chooseEngine(choice, wasmFolder);
    tell({ kind: 'engine', engine: engine.kind, description: engine.description });
    return engine;
  }

  async function sessionOf(engine: Engine, inputs: InputsMessage, { settings }: Pick<KeptFacts, 'settings'>) {
    const session = await openSession(engine, inputs, settings, (share) =>
      tell({ kind: 'doing', what: `Reading the model: ${Math.round(100 * share)} %` }),
    );
    tell({ kind: 'facts', facts: session.facts });
    return session;
  }

  async function begin({ inputs, settings, engine: choice }: Extract<Request, { kind: 'train' }>): Promise<void> {
    await close();
    const engine = await openEngine(choice);
    let facts: KeptFacts = {
      ...{ version: 1, demo: inputs.demo, settings, engine: engine.kind, before: [], records: [] },
      ...{ modelName: inputs.modelName, pairsName: inputs.pairsName },
    };
    open = { inputs, engine, place: lasting, session: undefined, facts };
    try {
      open.session = await sessionOf(engine, inputs, { settings });
    } catch (error) {
      // The training that is kept stays: the reader may go on with it.
      await close();
      throw error;
    }
    open.place = await keepInputs(inputs);
    tell({ kind: 'doing', what: 'Sampling before the training …' });
    facts = { ...facts, before: await open.session.draw('before') };
    open.facts = facts;
    tell({ kind: 'samples', when: 'before', samples: facts.before });
    await run(open, undefined);
  }

  /** Keeps a copy of the inputs. Without room for the copy the training runs all the same, and ends with the page. */
  async function keepInputs(inputs: InputsMessage): Promise<SessionPlace> {
    tell({ kind: 'doing', what: 'Keeping a copy for a reload …' });
    try {
      await lasting.begin(inputs, inputs.demo);
      return lasting;
    } catch (error) {
      await lasting.discard();
      tell({ kind: 'warning', warning: describeError(error) });
      return memoryPlace();
    }
  }

  async function goOn({ demo, engine: choice }: Extract<Request, { kind: 'go-on' }>): Promise<void> {
    const place = open?.place ?? lasting;
    const last = (await place.checkpoints.list()).at(-1);
    const facts = open?.facts ?? (await place.read());
    if (facts === undefined || last === undefined)
      throw new DpoError('page.nothing-kept', 'There is no training to go on with.', { hint: 'Start a training.' });
    const records = facts.records.filter(({ step }) => step <= last.step);
    if (open === undefined) {
      const inputs = facts.demo ? demo : { ...(await place.readInputs(facts)), demo: false };
      open = { inputs, engine: await openEngine(choice), place, session: undefined, facts };
    }
    open.facts = { ...facts, records };
    tell({ kind: 'resumed', step: last.step });
    open.session ??= await sessionOf(open.engine, open.inputs, facts);
    await run(open, last.name);
  }

  /** Trains to the last step or until the page says stop, and draws samples of the result. */
  async function run(training: OpenTraining, resume: string | undefined): Promise<void> {
    const { session, engine, facts, place } = training;
    if (session === undefined) return;
    stop = new AbortController();
    const records: StepRecord[] = [...facts.records];
    let writing = Promise.resolve();
    const onSaved = (step: number) => {
      training.facts = { ...training.facts, engine: engine.kind, records: [...records] };
      writing = writing.then(() => place.write(training.facts));
      tell({ kind: 'saved', step });
    };
    const everySteps = 12 * session.facts.trainable <= SMALL_BYTES ? 1 : 10;
    tell({ kind: 'doing', what: 'Training' });
    try {
      const steps = session.train({ store: place.checkpoints, everySteps, resume, signal: stop.signal, onSaved });
      for await (const record of steps) {
        records.push(record);
        tell({ kind: 'step', record, bytes: memory().numBytes });
      }
    } finally {
      stop = undefined;
      await writing;
    }
    tell({ kind: 'doing', what: 'Sampling after the training …' });
    tell({ kind: 'samples', when: 'now', samples: await session.draw('now') });
    const step = records.at(-1)?.step ?? 0;
    tell({ kind: 'ended', step, done: step >= facts.settings.steps });
  }

  async function download(what: 'adapter' | 'model'): Promise<void> {
    const session = open?.session;
    if (open === undefined || session === undefined)
      throw new DpoError('page.nothing-trained', 'There is no trained model to download.', {
        hint: 'Start a training, or go on with one.',
      });
    const name = `${open.facts.modelName}-dpo${what === 'adapter' ? '-adapter' : ''}`;
    tell({ kind: 'doing', what: 'Writing the files …' });
    if (what === 'adapter')
      return void tell({ kind: 'file', name: `${name}.zip`, blob: await zipOf(name, session.adapterFiles()) });
    open.session = undefined;
    let blob: Blob;
    try {
      blob = await zipOf(name, await session.mergedFiles());
    } finally {
      session.dispose();
    }
    try {
      // The next download or step needs the model with its adapter again.
      const { place } = open;
      open.session = await sessionOf(open.engine, open.inputs, open.facts);
      const last = (await place.checkpoints.list()).at(-1);
      if (last !== undefined) await restore(open.session, place, last.name);
    } finally {
      tell({ kind: 'file', name: `${name}.zip`, blob });
    }
  }

  /** Puts the weights of a checkpoint into a session: a training that ends where it begins. */
  async function restore(session: Session, { checkpoints }: SessionPlace, resume: string): Promise<void> {
    await session.train({ store: checkpoints, everySteps: 1, resume, signal: AbortSignal.abort() }).next();
  }

  const deeds: {
    readonly [K in Exclude<Request['kind'], 'hello' | 'stop'>]: (
      request: Extract<Request, { kind: K }>,
    ) => Promise<void>;
  } = {
    train: begin,
    'go-on': goOn,
    download: ({ what }) => download(what),
    async discard() {
      await close();
      await lasting.discard();
      tell({ kind: 'kept', lasting: lasting.lasting });
    },
  };

  let last = Promise.resolve();
  return (request: Exclude<Request, { kind: 'hello' }>): void => {
    if (request.kind === 'stop') {
      stop?.abort();
      return;
    }
    const deed = deeds[request.kind] as (request: Request) => Promise<void>;
    last = last
      .then(() => deed(request))
      .catch((error: unknown) => tell({ kind: 'error', error: describeError(error) }));
  };
}
