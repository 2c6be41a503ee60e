import { formatGrant, parseGrant } from '../../capabilities/grammar/index.ts';
import { errorMessage } from '../base/errors.ts';
import { SIGNATURES_MAX } from '../signing/cose.ts';
import { TrustError } from './errors.ts';
import { isPath } from './paths.ts';
import { isReleaseRole, KEY_NAME_CHARACTERS_MAX, type Role, type Root } from './root.ts';

const KEY_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]*$/u;
const ROLE_NAME = /^(?:root|site|runtime|recovery|release(?:\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*)?)$/;

/** Whether a text may name a key: letters, digits, spaces and ._@- within. */
export function isKeyName(text: string): boolean {
  return text.length <= KEY_NAME_CHARACTERS_MAX && KEY_NAME.test(text);
}

/**
 * Returns `root` when it follows every rule that its form does not force.
 * @throws TrustError `TRUST_ROOT_INVALID`
 */
export function requireRoot(root: Root): Root {
  const fault = faultOfRoot(root);
  if (fault !== null) throw new TrustError('TRUST_ROOT_INVALID', `root: ${fault}`);
  return root;
}

function faultOfRoot({ keys, roles, issuedS, expiresS }: Root): string | null {
  const twice = repeated(keys.map(({ name }) => name)) ?? repeated(keys.map(({ keyId }) => keyId));
  if (twice !== null) return `key "${twice}" is listed twice`;
  const odd = keys.find(({ name }) => !isKeyName(name));
  if (odd !== undefined) return `"${odd.name}" is no name for a key`;
  const role = repeated(roles.map(({ name }) => name));
  if (role !== null) return `role ${role} is listed twice`;
  if (!roles.some(({ name }) => name === 'root')) return 'there is no role root';
  const idle = keys.find(({ keyId }) => !roles.some(one => one.keys.some(k => k.keyId === keyId)));
  if (idle !== undefined) return `key "${idle.name}" has no role`;
  if (expiresS !== null && expiresS <= issuedS) return 'it expires before it was issued';
  return roles.map(faultOfRole).find(fault => fault !== null) ?? null;
}

function faultOfRole(role: Role): string | null {
  const { name, threshold, keys, scope } = role;
  if (!ROLE_NAME.test(name)) return `there is no role "${name}"`;
  if (threshold > SIGNATURES_MAX) return `role ${name}: at most ${SIGNATURES_MAX} can sign`;
  if (keys.length < threshold) return `role ${name} needs ${threshold} keys, has ${keys.length}`;
  if ((scope !== null) !== isReleaseRole(role)) {
    return `role ${name}: paths and ceiling belong to releases, and to each of them`;
  }
  if (scope === null) return null;
  const odd = scope.paths.find(path => !isPath(path));
  if (odd !== undefined) return `role ${name}: "${odd}" is no path like ctl/pump/* or ctl/pump-*`;
  if (repeated(scope.paths) !== null) return `role ${name}: a path is listed twice`;
  return scope.ceiling === null ? null : faultOfCeiling(name, scope.ceiling);
}

function faultOfCeiling(role: string, ceiling: readonly string[]): string | null {
  for (const text of ceiling) {
    try {
      const canonical = formatGrant(parseGrant(text));
      if (canonical !== text) return `role ${role}: ceiling: write ${text} as ${canonical}`;
    } catch (error) {
      return `role ${role}: ceiling: "${text}": ${errorMessage(error)}`;
    }
  }
  return repeated(ceiling) === null ? null : `role ${role}: a grant is listed twice`;
}

function repeated(texts: readonly string[]): string | null {
  return texts.find((text, index) => texts.indexOf(text) !== index) ?? null;
}
