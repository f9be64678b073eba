import type { TemplateInputCounts } from '@dpo/data';

/** What rows give to the chat template besides roles and contents, for a terminal. No line when rows give nothing else. */
export function besidesLines(besides: TemplateInputCounts | undefined): string[] {
  if (besides === undefined) return [];
  const counts = (names: Readonly<Record<string, number>>) =>
    Object.entries(names).map(([name, rows]) => `"${name}" in ${rows}`);
  const parts = [
    ...(besides.tools > 0 ? [`tools in ${besides.tools}`] : []),
    ...counts(besides.templateVariables).map((part) => `template variable ${part}`),
    ...counts(besides.messages).map((part) => `messages with ${part}`),
  ];
  return [`Besides roles and contents, in rows: ${parts.join(', ')}`];
}
