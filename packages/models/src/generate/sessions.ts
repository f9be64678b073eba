import type { LanguageModel } from '../model/types.js';
import { type DecodingWeights, decodingWeights } from './rounded-weights.js';
import { openSession, type Session, type SessionShape } from './session.js';

/** The most bytes that caches of keys and values take between calls. Sessions stay open so that the next call compiles nothing. */
export const MOST_BYTES = 256 * 2 ** 20;

/** The compiled sessions of a model, the most recently used at the end. */
export class Sessions {
  static readonly #ofModel = new WeakMap<LanguageModel, Sessions>();

  /** The sessions of a model. They are freed when the model is disposed of. */
  static of(model: LanguageModel): Sessions {
    let sessions = Sessions.#ofModel.get(model);
    if (sessions === undefined) {
      const fresh = new Sessions(model);
      Sessions.#ofModel.set(model, fresh);
      model.onDispose(() => fresh.#trim(0));
      sessions = fresh;
    }
    return sessions;
  }

  readonly #open = new Map<string, Session>();
  readonly #weights: DecodingWeights;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(readonly model: LanguageModel) {
    this.#weights = decodingWeights(model);
  }

  /**
   * Runs `work` after all earlier work, because the samples of two calls must not share a cache, on the model's weights as they are
   * when `work` begins.
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#weights.refresh()).then(work);
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#trim(MOST_BYTES);
    }
  }

  /** The session of a shape, which is compiled unless it is still open. */
  get(shape: SessionShape): Session {
    const session = this.#find(shape);
    this.#use(shape, session);
    return session;
  }

  /** A session with fewer lanes, which continues the lanes `sources` of another session. */
  async narrow(from: Session, shape: SessionShape, sources: Int32Array): Promise<Session> {
    const session = this.#find(shape);
    await session.adopt(from, sources);
    this.#use(shape, session);
    return session;
  }

  #find(shape: SessionShape): Session {
    return this.#open.get(JSON.stringify(shape)) ?? openSession(this.model, this.#weights, shape);
  }

  /** Keeps a session as the most recently used, and frees others when all would take too much memory. */
  #use(shape: SessionShape, session: Session): void {
    const key = JSON.stringify(shape);
    this.#open.delete(key);
    this.#trim(Math.max(0, MOST_BYTES - session.bytes));
    this.#open.set(key, session);
  }

  /** Frees the least recently used sessions until the others take no more than `bytes`. */
  #trim(bytes: number): void {
    let room = bytes;
    for (const [key, session] of [...this.#open].reverse()) {
      room -= session.bytes;
      if (room >= 0) continue;
      this.#open.delete(key);
      session.dispose();
    }
  }
}
