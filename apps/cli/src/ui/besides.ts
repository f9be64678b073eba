import type { TemplateInputCounts } from '@dpo/data';

/** What rows say to the chat template besides roles and contents, for a terminal; no line where they say nothing. */
export function besidesLines(besides: TemplateInputCounts | undefined): string[] {
  if (besides === undefined) return [];
  const counted = (names: Readonly<Record<string, number>>) =>
    Object.entries(names).map(([name, rows]) => `"${name}" in ${rows}`);
  const parts = [
    ...(besides.tools > 0 ? [`tools in ${besides.tools}`] : []),
    ...counted(besides.templateVariables).map((part) => `template variable ${part}`),
    ...counted(besides.messages).map((part) => `messages with ${part}`),
  ];
  return [`Besides roles and contents, in rows: ${parts.join(', ')}`];
}
