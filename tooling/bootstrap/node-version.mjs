import { Failure } from './process.mjs';

const [leastMajor, leastMinor] = [20, 19];

/** @throws Failure when Node is older than the toolkit needs */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Failure(`Node ${leastMajor}.${leastMinor} or later is needed; this is ${version}. See nodejs.org.`);
}
