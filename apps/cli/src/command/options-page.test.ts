// docs/options.md is made from the tables of options: `npx vitest run apps/cli/src/command/options-page.test.ts -u` writes it.
import { fileURLToPath } from 'node:url';
import { optionsOf, optionsTable, rewardOptions, rlOptions, sftOptions, trainOptions } from '@dpo/run/command-line';
import { expect, it } from 'vitest';

it('the page of options is made from the tables', async () => {
  const [train, sft, reward] = [optionsOf(trainOptions), optionsOf(sftOptions), optionsOf(rewardOptions)];
  const ofTrain = new Set(train.map(({ key }) => key));
  const defaults = new Map(train.map((option) => [option.key, option.default]));
  const page = `# Options of training

Made from the tables in \`packages/run/src/options\`. The first column has an option's flag on the command line, and its key in \`--config\`
files and in \`trainRun\`. "When resumed" says whether a resumed run may have another value than the run began with.

## dpo train

${optionsTable(train)}

## dpo sft

The options of \`dpo train\` that are not about preferences, and:

${optionsTable(sft.filter(({ key }) => !ofTrain.has(key)))}

## dpo reward

The options of \`dpo train\` that are not about preferences, and:

${optionsTable(reward.filter(({ key, default: value }) => !ofTrain.has(key) || value !== defaults.get(key)))}

## dpo rl

${optionsTable(optionsOf(rlOptions))}
`;
  await expect(page).toMatchFileSnapshot(fileURLToPath(new URL('../../../../docs/options.md', import.meta.url)));
});
