/**
 * `npm run tidy [-- path...]`: checks what compilers and linters do not: the layers of
 * ARCHITECTURE.md, cycles, what powerless processes can reach, where effects may stand, names,
 * sizes, docs, test files.
 */
import { resolve } from 'node:path';
import { ALL_RULES } from './tidy/rules.ts';
import { readSourceTree } from './tidy/source-tree.ts';

const tree = readSourceTree(resolve(import.meta.dirname, '..'));
const only = process.argv.slice(2);
const findings = ALL_RULES.flatMap(rule => rule(tree)).filter(
  ({ path }) => only.length === 0 || only.some(part => path.startsWith(part)),
);

for (const { path, line, rule, message } of findings) {
  process.stdout.write(`${path}:${line}: ${rule}: ${message}\n`);
}
const files = `${tree.files.length} files`;
process.stdout.write(
  findings.length === 0
    ? `tidy: ${files}, nothing to say\n`
    : `tidy: ${findings.length} findings\n`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
