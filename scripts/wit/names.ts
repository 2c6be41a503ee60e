import type { WitInterface } from './model.ts';

/** Returns `EdgeEvent` for `edge-event`. */
export function pascalCase(label: string): string {
  return label
    .split('-')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** Returns `edge_event` for `edge-event`. */
export function snakeCase(label: string): string {
  return label.replaceAll('-', '_');
}

/**
 * Returns an interface's words, for names that must be unique in one file. Our own namespace is
 * left out, and an interface named as its package counts once: `wasi logging`, `gpio digital`.
 */
export function interfaceWords(declared: WitInterface, ours: 'with-ours' | 'no-ours'): string[] {
  const [namespace = '', packageLabel = ''] = declared.packageName.split(':');
  const words = packageLabel === declared.label ? [declared.label] : [packageLabel, declared.label];
  return namespace === 'airssys' && ours === 'no-ours' ? words : [namespace, ...words];
}

/** Returns a doc comment, or nothing where there are no docs. Ends with a newline. */
export function docComment(docs: string, indent: string): string {
  if (docs === '') return '';
  const lines = docs.split('\n');
  if (lines.length === 1) return `${indent}/** ${docs} */\n`;
  const body = lines.map(line => `${indent} * ${line}`.trimEnd());
  return `${indent}/**\n${body.join('\n')}\n${indent} */\n`;
}
