export {
  type Behaviour,
  ChatServer,
  type Completion,
  completion,
  isTrial,
  type ServedRequest,
  topLogprobs,
  wordsAlone,
} from './chat-server.js';
export { sampleEvaluation, sampleRecords } from './sample-report.js';
export { type SampleJudging, sampleJudging } from './sample-verdicts.js';
export { scriptedJudge } from './scripted-judge.js';
export { scriptedSampler } from './scripted-sampler.js';
