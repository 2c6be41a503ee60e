import * as v from 'valibot';
import { formatGrant, limitsOf, parseGrant } from '../../capabilities/grammar/index.ts';
import { errorMessage } from '../base/errors.ts';
import { activationOrder } from '../linker/compose-parts.ts';
import { semverTrack } from '../linker/names.ts';
import { ReleaseError } from './errors.ts';
import * as limits from './limits.ts';
import { imagesOf, ownMemoryBytes, type Release } from './release.ts';
import { integer, RULES } from './release-rules.ts';

const { name, version, domain } = RULES;

const grant = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      const canonical = formatGrant(parseGrant(dataset.value));
      if (canonical !== dataset.value) addIssue({ message: `write it as ${canonical}` });
    } catch (error) {
      addIssue({ message: errorMessage(error) });
    }
  }),
);

const request = v.strictObject({ grant, reason: RULES.reason, optional: v.boolean() });

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 hex digits are expected'));
const sizeBytes = integer(8, limits.ENVELOPE_BYTES_MAX);
const uris = v.exactOptional(RULES.uris);
const part = v.strictObject({
  name,
  digest,
  sizeBytes,
  uris,
  memoryBytesMax: RULES.partMemoryBytes,
});
const link = v.strictObject({ importer: name, interface: RULES.interface, exporter: name });

const state = v.pipe(
  v.strictObject({ schemaMin: RULES.stateSchema, schemaMax: RULES.stateSchema }),
  v.check(
    ({ schemaMin, schemaMax }) => schemaMin <= schemaMax,
    'the oldest schema is newer than the newest',
  ),
);

const controllerFields = v.strictObject({
  name,
  version,
  vendor: v.exactOptional(domain),
  digest,
  sizeBytes,
  uris,
  world: v.exactOptional(RULES.world),
  replicas: v.exactOptional(RULES.replicas),
  strategy: v.exactOptional(RULES.strategy),
  state: v.exactOptional(state),
  parts: v.pipe(v.array(part), v.maxLength(limits.PARTS_MAX)),
  links: v.pipe(v.array(link), v.maxLength(limits.LINKS_MAX)),
  requests: v.pipe(
    v.array(request),
    v.maxLength(limits.REQUESTS_MAX),
    v.check(list => isUnique(list.map(({ grant }) => grant)), 'a grant is requested twice'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const needed = dataset.value.filter(({ optional }) => !optional);
      try {
        limitsOf(needed.map(({ grant }) => parseGrant(grant)));
      } catch (error) {
        addIssue({ message: errorMessage(error) });
      }
    }),
  ),
  config: v.pipe(
    v.array(v.strictTuple([RULES.configKey, RULES.configValue])),
    v.maxLength(limits.CONFIG_ENTRIES_MAX),
    v.check(list => isAscending(list.map(([key]) => key)), 'keys must be unique and ascending'),
    v.check(
      list => Buffer.byteLength(list.flat().join('')) <= limits.CONFIG_BYTES_MAX,
      `at most ${limits.CONFIG_BYTES_MAX} bytes in sum are allowed`,
    ),
  ),
  restart: v.pipe(
    v.strictObject({
      policy: RULES.restartPolicy,
      intensityMax: RULES.restartIntensity,
      periodMs: RULES.restartPeriodMs,
      backoffMinMs: RULES.backoffMs,
      backoffMaxMs: RULES.backoffMs,
    }),
    v.check(
      ({ backoffMinMs, backoffMaxMs }) => backoffMinMs <= backoffMaxMs,
      'the shortest back-off exceeds the longest',
    ),
  ),
  mailbox: v.strictObject({
    messagesMax: RULES.mailboxMessages,
    bytesMax: RULES.mailboxBytes,
    overflow: RULES.mailboxOverflow,
  }),
  healthIntervalMs: RULES.healthIntervalMs,
});

/** What parts and links break among themselves, in words; empty when nothing. */
function compositionFault({
  name,
  parts,
  links,
  requests,
}: v.InferOutput<typeof controllerFields>): string {
  const partNames = parts.map(part => part.name);
  if (!isUnique([name, ...partNames])) return 'a part has the name of another one or of its owner';
  for (const { importer, exporter } of links) {
    if (importer !== name && !partNames.includes(importer)) return `there is no part ${importer}`;
    if (!partNames.includes(exporter)) return `there is no part ${exporter}`;
    if (importer === exporter) return `part ${importer} is linked to itself`;
  }
  if (!isUnique(links.map(link => `${link.importer} ${semverTrack(link.interface)}`))) {
    return 'an import is linked twice';
  }
  const idle = partNames.find(part => !links.some(({ exporter }) => exporter === part));
  if (idle !== undefined) return `part ${idle} answers nobody: link an import to it`;
  try {
    activationOrder([name, ...partNames], links);
    requireMemoryLeft(parts, requests);
  } catch (error) {
    return errorMessage(error);
  }
  return '';
}

/** A controller whose parts take all that it asks for could not run anywhere. */
function requireMemoryLeft(
  parts: readonly { readonly memoryBytesMax: number }[],
  requests: readonly { readonly grant: string; readonly optional: boolean }[],
): void {
  if (parts.length === 0) return;
  const needed = requests.filter(({ optional }) => !optional);
  const { memoryBytesMax } = limitsOf(needed.map(one => parseGrant(one.grant)));
  const ownBytes = ownMemoryBytes({ parts }, memoryBytesMax);
  if (ownBytes >= limits.PART_MEMORY_BYTES_MIN) return;
  throw new RangeError(
    `its parts take ${memoryBytesMax - ownBytes} of the ${memoryBytesMax} bytes ` +
      'that it asks for ("mem:")',
  );
}

const controller = v.pipe(
  controllerFields,
  v.rawCheck(({ dataset, addIssue }) => {
    const fault = dataset.typed ? compositionFault(dataset.value) : '';
    if (fault !== '') addIssue({ message: fault });
  }),
);

const releaseFields = v.strictObject({
  name,
  sequence: RULES.sequence,
  version,
  vendor: domain,
  gatewayClass: name,
  minimumRuntime: version,
  issuedS: v.exactOptional(RULES.timeS),
  useBeforeS: v.exactOptional(RULES.timeS),
  boardClass: v.exactOptional(RULES.label),
  soakMs: v.exactOptional(RULES.soakMs),
  textDigest: v.exactOptional(digest),
  sbomDigest: v.exactOptional(digest),
  description: RULES.description,
  controllers: v.pipe(
    v.array(controller),
    v.minLength(1),
    v.maxLength(limits.CONTROLLERS_MAX),
    v.check(list => isUnique(list.map(({ name }) => name)), 'two controllers have one name'),
    v.check(
      list => imagesOf({ controllers: list }).length <= limits.IMAGES_MAX,
      `at most ${limits.IMAGES_MAX} components are allowed, those of parts included`,
    ),
  ),
});

const release = v.pipe(
  releaseFields,
  v.check(
    ({ issuedS = -1, useBeforeS = Number.POSITIVE_INFINITY }) => issuedS < useBeforeS,
    'it would be out of date when it is issued',
  ),
);

/**
 * Returns `value` as a release when it follows every rule.
 * @throws ReleaseError `MANIFEST_GRANT` for a grant, `MANIFEST_INVALID` for anything else; the
 *   message names the place.
 */
export function requireRelease(value: unknown): Release {
  const parsed = v.safeParse(release, value, { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const place = v.getDotPath(issue) ?? 'release';
  const code = /\.requests\b/.test(place) ? 'MANIFEST_GRANT' : 'MANIFEST_INVALID';
  throw new ReleaseError(code, `${place}: ${issue.message}`);
}

function isUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, index) => index === 0 || (texts[index - 1] ?? '') < text);
}
