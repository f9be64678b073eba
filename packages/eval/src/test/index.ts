export { sampleEvaluation, sampleRecords } from './sample-report.js';
