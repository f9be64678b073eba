import { Failure } from './process.mjs';

const [needMajor, needMinor] = [20, 19];

/** Throws where Node is older than the toolkit needs. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  throw new Failure(`Node ${needMajor}.${needMinor} or later is needed; this is ${version}. See nodejs.org.`);
}
