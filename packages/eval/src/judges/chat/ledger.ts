import { DpoError } from '@dpo/base';
import type { ChatReply } from './chat-reply.js';
import { costOf, type Price } from './prices.js';

/** Counts what is spent, and keeps to a limit. */
export interface Ledger {
  /**
   * Sets the most that one attempt at a question may cost aside.
   *
   * @throws DpoError `judge.max-cost` when the limit leaves less
   */
  readonly reserve: (promptBytes: number, tokens: number) => Reservation;
  /** The sum of all costs so far, in the currency of the price table. */
  readonly total: () => number;
}

interface Reservation {
  /** The cost of the reply; undefined without a price. A reply that does not say its tokens costs all that was set aside. */
  readonly settle: (reply: ChatReply) => number | undefined;
  /**
   * Ends an attempt that got no reply. What was set aside is spent when the server may bill a reply, else free again. Returns the
   * cost; undefined when nothing is spent.
   */
  readonly settleLost: (billed: boolean) => number | undefined;
}

/** What a chat template adds to a question at most, in tokens. */
const TEMPLATE_TOKENS = 64;

/**
 * Opens a ledger. The most that an attempt may cost is a token for each byte of the question, and the longest reply: no tokenizer
 * makes more tokens than there are bytes. So the sum of what is spent and what is set aside never exceeds the limit.
 *
 * @param options.price undefined when nothing is counted
 * @param options.maxCost the limit; undefined for none
 * @param options.before what earlier replies of the same judging cost
 */
export function ledger(options: {
  readonly price: Price | undefined;
  readonly maxCost: number | undefined;
  readonly before?: number | undefined;
}): Ledger {
  const { price, maxCost = Number.POSITIVE_INFINITY, before = 0 } = options;
  let total = before;
  let aside = 0;
  return {
    reserve: (promptBytes, tokens) => {
      const most = price === undefined ? 0 : costOf(price, promptBytes + TEMPLATE_TOKENS, tokens);
      if (total + aside + most > maxCost) throw tooMuch(maxCost, total, most);
      aside += most;
      return {
        settle: ({ promptTokens, completionTokens }) => {
          aside -= most;
          if (price === undefined) return undefined;
          const hasUsage = promptTokens !== undefined && completionTokens !== undefined;
          const cost = hasUsage ? costOf(price, promptTokens, completionTokens) : most;
          total += cost;
          return cost;
        },
        settleLost: (billed) => {
          aside -= most;
          if (price === undefined || !billed) return undefined;
          total += most;
          return most;
        },
      };
    },
    total: () => total,
  };
}

function tooMuch(maxCost: number, total: number, next: number): DpoError {
  const [limit, now, more] = [maxCost, total, next].map((amount) => Number(amount.toPrecision(3)));
  return new DpoError(
    'judge.max-cost',
    `${now} of at most ${limit} is spent, and the next question may cost ${more}: no more is asked.`,
    {
      values: { maxCost, spent: total, next },
      hint: 'What was judged is kept: the same command with a higher --max-cost goes on.',
    },
  );
}
