import type { LanguageModel } from '../model/types.js';
import { openSession, type Session, type SessionShape } from './session.js';

/** Caches of keys and values that may stay between calls, so that the next one compiles nothing. */
const KEPT_BYTES = 256 * 2 ** 20;

/** The compiled sessions of a model, the one used last at the end. */
export class Sessions {
  static readonly #ofModel = new WeakMap<LanguageModel, Sessions>();

  /** Those of a model, which frees them with itself. */
  static of(model: LanguageModel): Sessions {
    let sessions = Sessions.#ofModel.get(model);
    if (sessions === undefined) {
      const made = new Sessions(model);
      Sessions.#ofModel.set(model, made);
      model.onDispose(() => made.#trim(0));
      sessions = made;
    }
    return sessions;
  }

  readonly #open = new Map<string, Session>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(readonly model: LanguageModel) {}

  /** Runs `work` when the work before it is done: rows of two calls must not share a cache. */
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

  /** A session for fewer rows, which goes on where these of `from` are. */
  async narrow(from: Session, shape: SessionShape, rows: Int32Array): Promise<Session> {
    const session = this.#find(shape);
    await session.adopt(from, rows);
    this.#use(shape, session);
    return session;
  }

  #find(shape: SessionShape): Session {
    return this.#open.get(JSON.stringify(shape)) ?? openSession(this.model, shape);
  }

  /** Keeps it as the one used last, and frees others where all would take too much. */
  #use(shape: SessionShape, session: Session): void {
    const key = JSON.stringify(shape);
    this.#open.delete(key);
    this.#trim(Math.max(0, KEPT_BYTES - session.bytes));
    this.#open.set(key, session);
  }

  /** Frees those used longest ago until the others take no more than `bytes`. */
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
