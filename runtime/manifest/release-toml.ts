import { parse as parseToml, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { formatGrant, parseGrant } from '../../capabilities/grammar/index.ts';
import { parseDuration, parseSize } from '../../capabilities/grammar/units.ts';
import { errorMessage } from '../base/errors.ts';
import { ReleaseTomlError } from './errors.ts';
import * as limits from './limits.ts';
import { componentDigest, isComponent } from './payloads.ts';
import type { ControllerSpec, PartSpec, Release } from './release.ts';
import { RULES, requireRelease } from './release-schema.ts';

/** A release as `release.toml` writes it: its controllers name files. */
export interface ReleaseDraft extends Omit<Release, 'controllers'> {
  readonly controllers: readonly ControllerDraft[];
}

/** A controller whose components are still files. */
export interface ControllerDraft extends Omit<ControllerSpec, 'digest' | 'sizeBytes' | 'parts'> {
  /** Path of the component, relative to the folder of `release.toml`. */
  readonly component: string;
  readonly parts: readonly PartDraft[];
}

/** A part whose component is still a file. */
export interface PartDraft extends Omit<PartSpec, 'digest' | 'sizeBytes'> {
  readonly component: string;
}

/** What a `release.toml` need not say. */
const RELEASE_TOML_DEFAULTS = {
  healthInterval: '10s',
  restart: {
    policy: 'permanent',
    intensity: 5,
    period: '1min',
    'backoff-min': '250ms',
    'backoff-max': '30s',
  },
  mailbox: { messages: 256, bytes: '256KiB', overflow: 'drop-oldest' },
} as const;

const duration = converted(parseDuration);
const size = converted(parseSize);
const canonicalGrant = converted(text => formatGrant(parseGrant(text)));
const { restart: RESTART, mailbox: MAILBOX } = RELEASE_TOML_DEFAULTS;

const componentPath = v.pipe(v.string(), v.minLength(1), v.maxLength(1_024));
const partToml = v.pipe(
  table({
    name: RULES.name,
    component: componentPath,
    memory: v.pipe(size, RULES.partMemoryBytes),
  }),
  v.transform(({ memory, ...part }): PartDraft => ({ ...part, memoryBytesMax: memory })),
);
const linkToml = table({
  importer: v.optional(RULES.name),
  interface: RULES.interface,
  exporter: RULES.name,
});

const controllerToml = v.pipe(
  table({
    name: RULES.name,
    version: RULES.version,
    vendor: v.optional(RULES.domain),
    component: componentPath,
    'health-interval': v.optional(
      v.pipe(duration, RULES.healthIntervalMs),
      RELEASE_TOML_DEFAULTS.healthInterval,
    ),
    config: v.optional(v.record(RULES.configKey, RULES.configValue), {}),
    request: v.pipe(
      v.array(
        table({
          grant: canonicalGrant,
          reason: RULES.reason,
          optional: v.optional(v.boolean(), false),
        }),
      ),
      v.maxLength(limits.REQUESTS_MAX),
    ),
    part: v.optional(v.pipe(v.array(partToml), v.maxLength(limits.PARTS_MAX)), []),
    link: v.optional(v.pipe(v.array(linkToml), v.maxLength(limits.LINKS_MAX)), []),
    restart: v.optional(
      table({
        policy: v.optional(RULES.restartPolicy, RESTART.policy),
        intensity: v.optional(RULES.restartIntensity, RESTART.intensity),
        period: v.optional(v.pipe(duration, RULES.restartPeriodMs), RESTART.period),
        'backoff-min': v.optional(v.pipe(duration, RULES.backoffMs), RESTART['backoff-min']),
        'backoff-max': v.optional(v.pipe(duration, RULES.backoffMs), RESTART['backoff-max']),
      }),
      {},
    ),
    mailbox: v.optional(
      table({
        messages: v.optional(RULES.mailboxMessages, MAILBOX.messages),
        bytes: v.optional(v.pipe(size, RULES.mailboxBytes), MAILBOX.bytes),
        overflow: v.optional(RULES.mailboxOverflow, MAILBOX.overflow),
      }),
      {},
    ),
  }),
  v.transform(
    (toml): ControllerDraft => ({
      name: toml.name,
      version: toml.version,
      ...(toml.vendor !== undefined && { vendor: toml.vendor }),
      component: toml.component,
      parts: toml.part,
      links: toml.link.map(({ importer = toml.name, ...link }) => ({ importer, ...link })),
      requests: toml.request,
      config: Object.entries(toml.config).sort(([a], [b]) => (a < b ? -1 : 1)),
      restart: {
        policy: toml.restart.policy,
        intensityMax: toml.restart.intensity,
        periodMs: toml.restart.period,
        backoffMinMs: toml.restart['backoff-min'],
        backoffMaxMs: toml.restart['backoff-max'],
      },
      mailbox: {
        messagesMax: toml.mailbox.messages,
        bytesMax: toml.mailbox.bytes,
        overflow: toml.mailbox.overflow,
      },
      healthIntervalMs: toml['health-interval'],
    }),
  ),
);

/** The schema of `release.toml`: keys, defaults and what each may be. */
const releaseTomlSchema = v.pipe(
  table({
    name: RULES.name,
    sequence: RULES.sequence,
    version: RULES.version,
    vendor: RULES.domain,
    class: RULES.name,
    'minimum-runtime': RULES.version,
    description: v.optional(RULES.description, ''),
    controller: v.pipe(
      v.array(controllerToml),
      v.minLength(1),
      v.maxLength(limits.CONTROLLERS_MAX),
    ),
  }),
  v.transform(
    (toml): ReleaseDraft => ({
      name: toml.name,
      sequence: toml.sequence,
      version: toml.version,
      vendor: toml.vendor,
      gatewayClass: toml.class,
      minimumRuntime: toml['minimum-runtime'],
      description: toml.description,
      controllers: toml.controller,
    }),
  ),
);

/**
 * Returns what a `release.toml` says, with defaults filled in and grants in canonical text.
 * @throws ReleaseTomlError `RELEASE_TOML_SYNTAX`, `RELEASE_TOML_INVALID`; the message names file,
 *   key and what is allowed
 */
export function parseReleaseToml(text: string, file: string): ReleaseDraft {
  const parsed = v.safeParse(releaseTomlSchema, parseText(text, file), { abortPipeEarly: true });
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const place = v.getDotPath(issue) ?? '(top level)';
  throw new ReleaseTomlError('RELEASE_TOML_INVALID', `${file}: ${place}: ${issue.message}`);
}

/** Returns the paths of all components that a draft names, each once. */
export function componentPaths(draft: ReleaseDraft): ReadonlySet<string> {
  return new Set(
    draft.controllers.flatMap(({ component, parts }) => [
      component,
      ...parts.map(part => part.component),
    ]),
  );
}

/**
 * Returns the release of a draft and its components by digest. `files` holds the bytes of each
 * `component` path.
 * @throws ReleaseTomlError `RELEASE_TOML_COMPONENT` for a file that is missing or not a component;
 *   ReleaseError `MANIFEST_*` where parts do not fit together
 */
export function completeRelease(
  draft: ReleaseDraft,
  files: ReadonlyMap<string, Uint8Array>,
): { readonly release: Release; readonly components: ReadonlyMap<string, Uint8Array> } {
  const components = new Map<string, Uint8Array>();
  const payload = (component: string) => {
    const bytes = files.get(component);
    if (bytes === undefined || !isComponent(bytes)) {
      const problem = bytes === undefined ? 'was not read' : 'is not a WebAssembly component';
      throw new ReleaseTomlError('RELEASE_TOML_COMPONENT', `${component} ${problem}`);
    }
    const digest = componentDigest(bytes);
    components.set(digest, bytes);
    return { digest, sizeBytes: bytes.length };
  };
  const controllers = draft.controllers.map(
    ({ component, parts, ...controller }): ControllerSpec => ({
      ...controller,
      ...payload(component),
      parts: parts.map(({ component: file, ...part }) => ({ ...part, ...payload(file) })),
    }),
  );
  return { release: requireRelease({ ...draft, controllers }), components };
}

function parseText(text: string, file: string): unknown {
  if (text.length > limits.RELEASE_TOML_CHARACTERS_MAX) {
    throw new ReleaseTomlError(
      'RELEASE_TOML_SYNTAX',
      `${file}: longer than ${limits.RELEASE_TOML_CHARACTERS_MAX} characters`,
    );
  }
  try {
    return parseToml(text, { unsafeKeyBehaviour: 'throw', maxDepth: 16 });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const reason = cause.message.split('\n')[0] ?? '';
    const place = `${file}:${cause.line}:${cause.column}`;
    throw new ReleaseTomlError('RELEASE_TOML_SYNTAX', `${place}: ${reason}`, { cause });
  }
}

/** A table of exactly these keys; messages say which they are. */
function table<const Entries extends v.ObjectEntries>(entries: Entries) {
  const keys = Object.keys(entries).join(', ');
  return v.strictObject(entries, issue => {
    if (issue.expected === 'never') return `this key is not known; allowed are ${keys}`;
    if (issue.expected === 'Object') return `a table with ${keys} is expected`;
    return 'this key is missing';
  });
}

/** A text that `convert` turns into a value; what it throws becomes the message. */
function converted<Value>(convert: (text: string) => Value) {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return convert(dataset.value);
      } catch (error) {
        addIssue({ message: errorMessage(error) });
        return NEVER;
      }
    }),
  );
}
