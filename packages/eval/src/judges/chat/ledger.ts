import { DpoError } from '@dpo/base';
import type { ChatReply } from './chat-reply.js';
import { costOf, type Price } from './prices.js';

/** What was spent, and whether more may be. */
export interface Ledger {
  /**
   * Sets money aside for one attempt at a question, at most so much as it may cost.
   *
   * @throws DpoError `judge.max-cost` where that is more than is left
   */
  readonly reserve: (promptBytes: number, tokens: number) => Reservation;
  /** What was spent, in the currency of the price table. */
  readonly spent: () => number;
}

interface Reservation {
  /** What the reply costs; undefined without a price. A reply that does not say its tokens costs all that was set aside. */
  readonly settle: (reply: ChatReply) => number | undefined;
  /**
   * Ends an attempt that got no reply: what was set aside is spent where the server may bill a reply, else given back. Returns what
   * is spent.
   */
  readonly settleLost: (billed: boolean) => number | undefined;
}

/** What a chat template adds to a question at most, in tokens. */
const TEMPLATE_TOKENS = 64;

/**
 * Counts what replies cost. An attempt at a question may cost as much as its bytes and the longest reply: no tokenizer makes more tokens than
 * there are bytes. So what was set aside and what was spent never exceed the limit together.
 *
 * @param options.before what earlier replies of the same judging cost
 */
export function ledger(options: {
  readonly price: Price | undefined;
  readonly maxCost: number | undefined;
  readonly before?: number | undefined;
}): Ledger {
  const { price, maxCost = Number.POSITIVE_INFINITY, before = 0 } = options;
  let spent = before;
  let aside = 0;
  return {
    reserve: (promptBytes, tokens) => {
      const most = price === undefined ? 0 : costOf(price, promptBytes + TEMPLATE_TOKENS, tokens);
      if (spent + aside + most > maxCost) throw tooMuch(maxCost, spent, most);
      aside += most;
      return {
        settle: ({ promptTokens, completionTokens }) => {
          aside -= most;
          if (price === undefined) return undefined;
          const known = promptTokens !== undefined && completionTokens !== undefined;
          const cost = known ? costOf(price, promptTokens, completionTokens) : most;
          spent += cost;
          return cost;
        },
        settleLost: (billed) => {
          aside -= most;
          if (price === undefined || !billed) return undefined;
          spent += most;
          return most;
        },
      };
    },
    spent: () => spent,
  };
}

function tooMuch(maxCost: number, spent: number, next: number): DpoError {
  const [limit, now, more] = [maxCost, spent, next].map((amount) => Number(amount.toPrecision(3)));
  return new DpoError(
    'judge.max-cost',
    `${now} of at most ${limit} is spent, and the next question may cost ${more}: no more is asked.`,
    {
      values: { maxCost, spent, next },
      hint: 'What was judged is kept: the same command with a higher --max-cost goes on.',
    },
  );
}
