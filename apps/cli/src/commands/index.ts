import type { Command } from '../command/define.js';
import { dataConvertCommand, dataInspectCommand } from './data.js';
import { dataBuildCommand } from './data-build.js';
import {
  dataBuildHhCommand,
  dataBuildLabelledCommand,
  dataBuildShpCommand,
  dataBuildTldrCommand,
} from './data-build-published.js';
import { dataFilterCommand, dataMixCommand, dataSplitCommand } from './data-select.js';
import { dataValidateCommand } from './data-validate.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { engineInfoCommand, engineInstallCommand } from './engine.js';
import { evalSentimentCommand } from './eval.js';
import { evalCacheExplainCommand } from './eval-cache-explain.js';
import { evalRescoreCommand } from './eval-rescore.js';
import { evalRewardsCommand } from './eval-rewards.js';
import { evalWinrateCommand } from './eval-winrate.js';
import { exportCommand } from './export.js';
import { frontierCommand } from './frontier.js';
import { generateCommand } from './generate.js';
import { launchCommand } from './launch.js';
import { reportCommand } from './report.js';
import { rewardCommand } from './reward.js';
import { rlCommand } from './rl.js';
import { scoreCommand } from './score.js';
import { sftCommand } from './sft.js';
import { trainCommand } from './train.js';

/** All commands, in the order of `dpo --help`. */
export const commands: readonly Command[] = [
  demoCommand,
  trainCommand,
  sftCommand,
  rewardCommand,
  rlCommand,
  frontierCommand,
  launchCommand,
  scoreCommand,
  generateCommand,
  exportCommand,
  evalSentimentCommand,
  evalWinrateCommand,
  evalRewardsCommand,
  evalRescoreCommand,
  evalCacheExplainCommand,
  dataInspectCommand,
  dataValidateCommand,
  dataConvertCommand,
  dataMixCommand,
  dataFilterCommand,
  dataSplitCommand,
  dataBuildCommand,
  dataBuildHhCommand,
  dataBuildShpCommand,
  dataBuildTldrCommand,
  dataBuildLabelledCommand,
  reportCommand,
  engineInstallCommand,
  engineInfoCommand,
  doctorCommand,
];
