import { ChatFailure, mayPass } from './chat-failure.js';
import { type Clock, type Throttle, wallClock } from './throttle.js';

/** Why a question waits, and how long, in milliseconds. */
export interface Waiting {
  readonly milliseconds: number;
  readonly because: string;
}

/** How patiently questions are asked. */
export interface PersistentAskOptions {
  /** Limits how many questions are open at a time. */
  readonly throttle: Throttle;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
  /** The jitter of waits, uniform in [0, 1). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** How often a question is asked at most. Default 7. */
  readonly attempts?: number | undefined;
  /** Hears of each wait. */
  readonly onWait?: ((waiting: Waiting) => void) | undefined;
}

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

/**
 * Asks until a reply comes, or asking again is of no use. Between attempts the wait is uniform in [0, 2^k s], at most [0, 60 s]
 * ("full jitter"), after the time that the server names. A server with too many questions (HTTP 429) gets fewer at a time, and none
 * before the wait is over.
 *
 * @throws ChatFailure the last attempt's
 */
export function persistentAsk(options: PersistentAskOptions) {
  const { throttle, clock = wallClock, random = Math.random, attempts = 7, onWait } = options;
  const waitAfter = (failure: ChatFailure, attempt: number) =>
    (failure.retryAfter ?? 0) + random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);

  // An address that has never answered is more likely wrong than busy.
  let answered = false;
  const isLast = ({ kind }: ChatFailure, attempt: number) =>
    attempt + 1 >= (kind === 'unreachable' && !answered ? Math.min(2, attempts) : attempts);

  return async <Reply>(attemptOnce: () => Promise<Reply>, signal: AbortSignal | undefined): Promise<Reply> => {
    for (let attempt = 0; ; attempt++) {
      let wait = 0;
      try {
        return await throttle.run(async (slowDown) => {
          try {
            const reply = await attemptOnce();
            answered = true;
            return reply;
          } catch (error) {
            if (!(error instanceof ChatFailure) || !mayPass(error) || isLast(error, attempt)) throw error;
            wait = waitAfter(error, attempt);
            if (error.kind === 'limited') slowDown(wait);
            throw error;
          }
        }, signal);
      } catch (error) {
        if (wait === 0 || !(error instanceof ChatFailure)) throw error;
        onWait?.({ milliseconds: wait, because: error.message });
        await clock.sleep(wait, signal);
      }
    }
  };
}
