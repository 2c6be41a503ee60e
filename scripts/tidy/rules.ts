import { checkEffects, checkModuleState } from './effect-rules.ts';
import {
  checkCycles,
  checkLayers,
  checkPackages,
  checkReachability,
  checkUnusedExports,
} from './import-rules.ts';
import {
  checkExports,
  checkNames,
  checkSizes,
  checkTestFiles,
  checkTopLevel,
} from './shape-rules.ts';
import type { Finding, SourceTree } from './source-tree.ts';

/** Every rule, in the order in which findings are printed. */
export const ALL_RULES: readonly ((tree: SourceTree) => Finding[])[] = [
  checkTopLevel,
  checkLayers,
  checkCycles,
  checkReachability,
  checkPackages,
  checkEffects,
  checkModuleState,
  checkNames,
  checkSizes,
  checkExports,
  checkUnusedExports,
  checkTestFiles,
];
