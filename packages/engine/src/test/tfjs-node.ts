import { findTfjsNode } from '../tfjs-node/find-package.js';
import { openTfjsNode } from '../tfjs-node/open-tfjs-node.js';
import type { Engine } from '../types.js';

/** An opener of engines on tfjs-node, or the reason why the tests have none. */
export interface TfjsNodeForTests {
  readonly open: () => Promise<Engine>;
  readonly missing: string | undefined;
  /** For the names of tests: says when and why they are left out. */
  readonly title: string;
}

/**
 * Looks for tfjs-node, for tests: in the project of the folder that DPO_TEST_TFJS_NODE names, as `tooling/tfjs-node` sets it, else in
 * the current folder's project.
 */
export function tfjsNode(): TfjsNodeForTests {
  const from = process.env.DPO_TEST_TFJS_NODE;
  const [first] = findTfjsNode(from).filter(({ isBuilt }) => isBuilt);
  const missing = first === undefined ? 'no package that is built; see tooling/tfjs-node' : undefined;
  return {
    open: () => openTfjsNode({ from }),
    missing,
    title: first === undefined ? `tfjs-node (left out: ${missing})` : `${first.name} ${first.version}`,
  };
}
