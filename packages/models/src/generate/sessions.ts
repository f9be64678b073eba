import type { LanguageModel } from '../model/types.js';
import { openSession, type Session, type SessionShape } from './session.js';

/** Bytes of caches of keys and values that may stay between calls, so that the next call compiles nothing. */
const KEPT_BYTES = 256 * 2 ** 20;

/** The compiled sessions of a model, the most recently used at the end. */
export class Sessions {
  static readonly #ofModel = new WeakMap<LanguageModel, Sessions>();

  /** The sessions of a model, which frees them with itself. */
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
  #last: Promise<unknown> = Promise.resolve();

  private constructor(readonly model: LanguageModel) {}

  /** Runs `work` when the work before it is done: samples of two calls must not share a cache. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#trim(KEPT_BYTES);
    }
  }

  get(shape: SessionShape): Session {
    const session = this.#find(shape);
    this.#use(shape, session);
    return session;
  }

  /** A session with fewer lanes, which goes on from the lanes `sources` of another. */
  async narrow(from: Session, shape: SessionShape, sources: Int32Array): Promise<Session> {
    const session = this.#find(shape);
    await session.adopt(from, sources);
    this.#use(shape, session);
    return session;
  }

  #find(shape: SessionShape): Session {
    return this.#open.get(JSON.stringify(shape)) ?? openSession(this.model, shape);
  }

  /** Keeps a session as the most recently used, and frees others when all would take too much memory. */
  #use(shape: SessionShape, session: Session): void {
    const key = JSON.stringify(shape);
    this.#open.delete(key);
    this.#trim(Math.max(0, KEPT_BYTES - session.bytes));
    this.#open.set(key, session);
  }

  /** Frees the sessions used longest ago until the others take no more than `bytes`. */
  #trim(bytes: number): void {
    let left = bytes;
    for (const [key, session] of [...this.#open].reverse()) {
      left -= session.bytes;
      if (left >= 0) continue;
      this.#open.delete(key);
      session.dispose();
    }
  }
}
