import { emojiWords } from './_emoji.js';

let emojis: ReadonlyMap<string, string> | undefined;

function emojiTable(): ReadonlyMap<string, string> {
  emojis ??= new Map(
    emojiWords
      .trim()
      .replaceAll('\n', '')
      .split('|')
      .map((entry) => {
        const [emoji = ''] = entry;
        return [emoji, entry.slice(emoji.length)];
      }),
  );
  return emojis;
}

/** The text with every emoji written out in words, for the rules. */
export function spellEmojis(text: string): string {
  const table = emojiTable();
  let spelt = '';
  let afterSpace = true;
  for (const character of text) {
    const words = table.get(character);
    if (words === undefined) {
      spelt += character;
      afterSpace = character === ' ';
    } else {
      spelt += (afterSpace ? '' : ' ') + words;
      afterSpace = false;
    }
  }
  return spelt;
}

const punctuation = new Set('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~');

/** The text's words without the punctuation around them. A word that would keep two letters or fewer is an emoticon, and stays. */
export function wordsOf(text: string): string[] {
  return text
    .split(/\p{White_Space}+/u)
    .filter((token) => token !== '')
    .map((token) => {
      let start = 0;
      let end = token.length;
      while (start < end && punctuation.has(token.charAt(start))) start++;
      while (end > start && punctuation.has(token.charAt(end - 1))) end--;
      const stripped = token.slice(start, end);
      return [...stripped].length <= 2 ? token : stripped;
    });
}

/** Python's `str.isupper`: there are letters with case, and all of them are capitals. */
export function isUpper(word: string): boolean {
  return /\p{Uppercase}/u.test(word) && !/[\p{Lowercase}\p{Lt}]/u.test(word);
}
