import type { StepRecord } from '@dpo/core';
import type { EngineChoice } from '../session/choose-engine.js';
import type { ErrorText } from '../session/describe-error.js';
import type { Inputs } from '../session/inputs.js';
import type { KeptFacts } from '../session/kept-session.js';
import type { Sample, SessionFacts } from '../session/open-session.js';
import type { Settings } from '../session/settings.js';

/** The inputs of a training, and whether they are the built-in ones. */
export interface InputsMessage extends Inputs<Blob> {
  readonly demo: boolean;
}

/** What the page asks of the worker. */
export type Request =
  | { readonly kind: 'hello'; readonly wasmFolder: string }
  | {
      readonly kind: 'train';
      readonly inputs: InputsMessage;
      readonly settings: Settings;
      readonly engine: EngineChoice;
    }
  /** Goes on with the training that is open, or that is kept. `demo` are the built-in inputs, which are not kept. */
  | { readonly kind: 'go-on'; readonly demo: InputsMessage; readonly engine: EngineChoice }
  | { readonly kind: 'stop' }
  | { readonly kind: 'discard' }
  | { readonly kind: 'download'; readonly what: 'adapter' | 'model' };

/** What the worker tells the page. */
export type Reply =
  /** The training that is kept, if there is one. */
  | { readonly kind: 'kept'; readonly facts?: KeptFacts | undefined; readonly step?: number; readonly lasting: boolean }
  | { readonly kind: 'doing'; readonly what: string }
  | { readonly kind: 'engine'; readonly engine: string; readonly description: string }
  | { readonly kind: 'facts'; readonly facts: SessionFacts }
  | { readonly kind: 'samples'; readonly when: 'before' | 'now'; readonly samples: readonly Sample[] }
  | { readonly kind: 'step'; readonly record: StepRecord; readonly bytes: number }
  /** A training goes on after this step. */
  | { readonly kind: 'resumed'; readonly step: number }
  | { readonly kind: 'saved'; readonly step: number }
  | { readonly kind: 'ended'; readonly step: number; readonly done: boolean }
  | { readonly kind: 'file'; readonly name: string; readonly blob: Blob }
  | { readonly kind: 'warning'; readonly warning: ErrorText }
  | { readonly kind: 'error'; readonly error: ErrorText };
