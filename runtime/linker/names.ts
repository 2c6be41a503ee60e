import { camelCase } from '../base/value-type.ts';
import { LinkError } from './errors.ts';

/**
 * The grammar of names (component-model `Explainer.md`, "Import and Export Definitions"): labels,
 * function names of resources, interface names with a version. Other forms (`url=`, `locked-dep=`,
 * `integrity=`) are refused.
 */
// No two alternatives match the same fragment: a hostile name must not make the matcher backtrack.
const FRAGMENT = '(?:[0-9]+|[0-9]*[a-z][0-9a-z]*|[0-9]*[A-Z][0-9A-Z]*)';
const LABEL = `(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-${FRAGMENT})*`;
const LOWER_LABEL = '[a-z][0-9a-z]*(?:-[0-9a-z]+)*';
const NUMBER = '(?:0|[1-9][0-9]*)';
const IDENTIFIER = `(?:${NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION =
  `(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})` +
  `(-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?(\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?`;

const LABEL_ONLY = new RegExp(`^${LABEL}$`);
const PLAIN = new RegExp(
  `^(?:${LABEL}|\\[constructor\\]${LABEL}|\\[(?:method|static)\\](${LABEL})\\.(${LABEL}))$`,
);
const ANNOTATION = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/;
const INTERFACE = new RegExp(`^(${LOWER_LABEL}:${LOWER_LABEL}/${LABEL})(?:@${VERSION})?$`);

/** The interface under which functions at the root of a component are listed. */
export const ROOT_INTERFACE = '$root';

/** Whether `text` is a label of at most `bytesMax` bytes. */
function isLabel(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && LABEL_ONLY.test(text);
}

/** Whether `text` may name an import or export: plain, or an interface. */
export function isExternName(text: string): boolean {
  return PLAIN.test(text) || INTERFACE.test(text);
}

/** Whether `text` names an interface: `wasi:clocks/wall-clock@0.2.0`. */
export function isInterfaceName(text: string): boolean {
  return INTERFACE.test(text);
}

/**
 * Returns the name with its version cut down to what must agree: `a:b/c@1.2.3` gives `a:b/c@1`,
 * `@0.2.10` gives `@0.2`, `@0.0.3` and pre-releases stay whole. Names of one track match.
 */
export function semverTrack(name: string): string {
  const match = INTERFACE.exec(name);
  if (match === null) return name;
  const [, base, major, minor, patch, prerelease] = match;
  if (major === undefined) return name;
  if (prerelease !== undefined) return `${base}@${major}.${minor}.${patch}${prerelease}`;
  if (major !== '0') return `${base}@${major}`;
  return minor === '0' ? `${base}@0.0.${patch}` : `${base}@0.${minor}`;
}

/** Returns what a name like `[method]bucket.get` says, or null where it is not annotated. */
export function annotationOf(
  name: string,
): { readonly kind: string; readonly resource: string } | null {
  const [, kind, resource] = ANNOTATION.exec(name) ?? [];
  return kind === undefined || resource === undefined ? null : { kind, resource };
}

/**
 * Returns the keys that no two extern names of a list may share (`Explainer.md`, "Import and Export
 * Definitions", strongly-unique): case and hyphens count not, so that the JavaScript forms differ
 * too; a method and a static function of one resource share a name; `[method]a.a` takes `a`.
 */
export function externKeys(name: string): readonly string[] {
  const lower = name.toLowerCase();
  if (isInterfaceName(name)) return [lower];
  const plain = lower.replaceAll('-', '');
  const [, kind, resource, member] = ANNOTATION.exec(plain) ?? [];
  if (member === undefined || kind === undefined || resource === undefined) return [plain];
  const key = `[member]${resource}.${member}`;
  return resource === member ? [key, member] : [key];
}

/** Requires labels to be well formed and distinct, in WIT and in JavaScript. */
export function requireLabels(
  labels: readonly string[],
  bytesMax: number,
  what: string,
  offset: number,
): void {
  const seen = new Set<string>();
  for (const label of labels) {
    if (!isLabel(label, bytesMax)) {
      throw new LinkError('LINK_INVALID', `${what} ${JSON.stringify(label)} is no label`, offset);
    }
    const key = camelCase(label.toLowerCase());
    if (seen.has(key)) {
      throw new LinkError('LINK_INVALID', `${what} "${label}" collides with another`, offset);
    }
    seen.add(key);
  }
}
