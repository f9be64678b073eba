export { sampleEvaluation, sampleRecords } from './sample-report.js';
export { scriptedJudge } from './scripted-judge.js';
export { scriptedSampler } from './scripted-sampler.js';
