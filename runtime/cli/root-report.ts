import { GatewayError } from '../base/errors.ts';
import { requireSigners } from '../signing/verify-cose.ts';
import type { SignedDocument } from '../trust/document.ts';
import { type Role, type Root, roleOf } from '../trust/root.ts';
import { decodeRoot } from '../trust/root-codec.ts';
import { rootWarnings } from '../trust/root-toml.ts';
import type { CliContext } from './context.ts';
import { alignColumns } from './output.ts';

const KEY_ID_CHARACTERS = 12;

/** How far the signatures of a root go towards the threshold of the root that is asked. */
interface Progress {
  readonly signers: readonly string[];
  readonly threshold: number;
  readonly reached: boolean;
  /** Why none counts, in words; null where some do or nobody has signed yet. */
  readonly fault: string | null;
}

/** Prints what a root says, who has signed it, and what is still missing. */
export function reportRoot(
  document: SignedDocument,
  former: Root | null,
  context: CliContext,
): void {
  const root = decodeRoot(document.message.payload);
  const own = progressOf(document, root);
  const before = former === null ? null : progressOf(document, former);
  const follows = former === null ? null : root.version === former.version + 1;
  if (context.globals().json) {
    context.out.document('airssys.root/1', {
      version: root.version,
      issuedS: root.issuedS,
      expiresS: root.expiresS,
      keys: root.keys.map(({ name, keyId }) => ({ name, keyId })),
      roles: root.roles.map(role => ({ ...role, keys: role.keys.map(({ name }) => name) })),
      signatures: document.message.signatures.length,
      own,
      former: before,
      follows,
    });
    return;
  }
  for (const line of alignColumns(facts(root))) context.out.line(line);
  context.out.line('');
  context.out.table(['ROLE', 'KEYS', 'NEEDED', 'MAY SIGN', 'CEILING'], root.roles.map(roleRow));
  context.out.line('');
  context.out.line(progressWords('its own keys', own));
  if (before !== null) context.out.line(progressWords('the keys before it', before));
  if (follows === false) {
    context.out.line(`it cannot follow root ${former?.version}: its version is ${root.version}`);
  }
  for (const words of rootWarnings(root)) context.out.note(`note: ${words}`);
}

function facts(root: Root): string[][] {
  return [
    ['root', String(root.version)],
    ['issued', timeText(root.issuedS)],
    ['expires', root.expiresS === null ? 'never' : timeText(root.expiresS)],
    ...root.keys.map(({ name, keyId }) => ['key', `${keyId.slice(0, KEY_ID_CHARACTERS)}  ${name}`]),
  ];
}

function roleRow({ name, keys, threshold, scope }: Role): string[] {
  const ceiling = scope === null ? '' : (scope.ceiling?.join(' ') ?? 'any');
  const names = keys.map(key => key.name).join(', ');
  return [name, names, String(threshold), scope?.paths.join(' ') ?? '', ceiling];
}

function progressOf({ message }: SignedDocument, judge: Root): Progress {
  const role = roleOf(judge, 'root');
  const threshold = role?.threshold ?? 0;
  try {
    const signers = requireSigners([message], message.payload, role?.keys ?? []);
    // Signatures have no order that says anything; keys have that of the root.
    const names = role?.keys.filter(key => signers.includes(key)).map(({ name }) => name) ?? [];
    return { signers: names, threshold, reached: names.length >= threshold, fault: null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const isUnsigned = message.signatures.length === 0;
    const fault = isUnsigned ? null : error.message;
    return { signers: [], threshold, reached: false, fault };
  }
}

function progressWords(whose: string, { signers, threshold, reached, fault }: Progress): string {
  const names = signers.length === 0 ? 'nobody' : signers.join(', ');
  const state = reached ? 'enough' : `${threshold - signers.length} missing`;
  const why = fault === null ? '' : ` (${fault})`;
  const count = `${signers.length} of the ${threshold} needed of ${whose}`;
  return `signed by ${count}: ${names}; ${state}${why}`;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
