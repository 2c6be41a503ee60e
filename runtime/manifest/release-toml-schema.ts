import { TomlDate } from 'smol-toml';
import * as v from 'valibot';
import { formatGrant, parseGrant } from '../../capabilities/grammar/index.ts';
import { parseDuration, parseSize } from '../../capabilities/grammar/units.ts';
import { errorMessage } from '../base/errors.ts';
import { parseInstant } from './instant.ts';
import * as limits from './limits.ts';
import type { ControllerSpec, PartSpec, Release } from './release.ts';
import { RULES } from './release-rules.ts';
import type { ReleaseTexts } from './severable.ts';

/**
 * The one schema of `release.toml`. Descriptions and defaults go on into its JSON Schema, which
 * `npm run generate` makes of it for editors.
 */

/** A release as `release.toml` writes it: its controllers name files. */
export interface ReleaseDraft extends Omit<Release, 'controllers' | 'textDigest' | 'sbomDigest'> {
  readonly texts: ReleaseTexts;
  /** Path of the bill of materials, relative to the folder of `release.toml`. */
  readonly sbomFile?: string;
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

const duration = converted(parseDuration);
const size = converted(parseSize);
const canonicalGrant = converted(text => formatGrant(parseGrant(text)));
const moment = v.pipe(
  v.date('a moment with its offset like 2027-01-31T12:00:00Z is expected, without quotes'),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      const { value } = dataset;
      return parseInstant(value instanceof TomlDate ? value.toISOString() : String(value));
    } catch (error) {
      addIssue({ message: errorMessage(error) });
      return NEVER;
    }
  }),
);

const filePath = v.pipe(v.string(), v.minLength(1), v.maxLength(1_024));
const componentPath = key(
  filePath,
  'The WebAssembly component: a path relative to the folder of this file.',
);
const uris = v.exactOptional(
  key(RULES.uris, 'Where the component can be had beside the envelope: https:, mqtt:, mqtts:.'),
);

const partToml = v.pipe(
  table({
    name: key(RULES.name, 'Name of the part, by which links call it.'),
    component: componentPath,
    uris,
    memory: key(
      v.pipe(size, RULES.partMemoryBytes),
      'Its linear memory, taken off what "mem:" grants the controller: "1MiB".',
    ),
  }),
  v.transform(({ memory, ...part }): PartDraft => ({ ...part, memoryBytesMax: memory })),
);

const linkToml = table({
  importer: v.optional(key(RULES.name, 'Who imports; the controller itself when not given.')),
  interface: key(RULES.interface, 'What it imports, with its version.'),
  exporter: key(RULES.name, 'The part that answers.'),
});

const requestToml = table({
  grant: key(canonicalGrant, 'A capability, such as "gpio:heater[dir=out]" or "mem:8MiB".'),
  reason: key(RULES.reason, 'Why, for the person who approves.'),
  optional: v.optional(key(v.boolean(), 'The release also runs without it.'), false),
});

const restartToml = table({
  policy: v.optional(
    key(RULES.restartPolicy, 'After which ends it is started again: all, crashes, none.'),
    'permanent',
  ),
  intensity: v.optional(
    key(RULES.restartIntensity, 'More ends than this within the period: quarantine.'),
    5,
  ),
  period: v.optional(
    key(v.pipe(duration, RULES.restartPeriodMs), 'The period in which ends are counted.'),
    '1min',
  ),
  'backoff-min': v.optional(
    key(v.pipe(duration, RULES.backoffMs), 'Pause before the first restart.'),
    '250ms',
  ),
  'backoff-max': v.optional(
    key(v.pipe(duration, RULES.backoffMs), 'The longest pause before a restart.'),
    '30s',
  ),
});

const mailboxToml = table({
  messages: v.optional(key(RULES.mailboxMessages, 'Messages that wait, at most.'), 256),
  bytes: v.optional(
    key(v.pipe(size, RULES.mailboxBytes), 'Bytes of all that wait, at most.'),
    '256KiB',
  ),
  overflow: v.optional(
    key(RULES.mailboxOverflow, 'What is dropped when there is no room.'),
    'drop-oldest',
  ),
});

const stateToml = v.pipe(
  v.strictTuple([RULES.stateSchema, RULES.stateSchema]),
  v.description('Schemas of saved state that it restores, oldest and newest: [1, 3].'),
  v.transform(([schemaMin, schemaMax]) => ({ schemaMin, schemaMax })),
);

const controllerTable = table({
  name: key(RULES.name, 'Name of the controller; policy and logs know it by this.'),
  version: key(RULES.version, 'Its semantic version.'),
  vendor: v.exactOptional(
    key(RULES.domain, "Domain name of who made it, where that is not the release's vendor."),
  ),
  component: componentPath,
  uris,
  world: v.exactOptional(
    key(RULES.world, 'WIT world that the component keeps to: "airssys:worlds/base@0.1.0".'),
  ),
  replicas: v.exactOptional(key(RULES.replicas, 'Instances at a time; one when not given.')),
  strategy: v.exactOptional(key(RULES.strategy, 'How it takes the place of its older version.')),
  state: v.exactOptional(stateToml),
  'health-interval': v.optional(
    key(v.pipe(duration, RULES.healthIntervalMs), 'How often its health is asked for.'),
    '10s',
  ),
  config: v.optional(
    key(v.record(RULES.configKey, RULES.configValue), 'What it reads by wasi:config.'),
    {},
  ),
  request: key(
    v.pipe(v.array(requestToml), v.maxLength(limits.REQUESTS_MAX)),
    'What it asks for. "mem:" and "cpu:call" are mandatory.',
  ),
  part: v.optional(
    key(
      v.pipe(v.array(partToml), v.maxLength(limits.PARTS_MAX)),
      'Components that live inside its instance.',
    ),
    [],
  ),
  link: v.optional(
    key(
      v.pipe(v.array(linkToml), v.maxLength(limits.LINKS_MAX)),
      'Which import is answered by which part.',
    ),
    [],
  ),
  restart: v.optional(key(restartToml, 'When it is started again.'), {}),
  mailbox: v.optional(key(mailboxToml, 'Bounds of what waits for it.'), {}),
});
const controllerToml = v.pipe(
  controllerTable,
  v.transform((toml): ControllerDraft => controllerDraft(toml)),
);

/** The schema of `release.toml`: keys, defaults and what each may be. */
export const releaseTomlSchema = v.pipe(
  table({
    name: key(RULES.name, 'Name of the release.'),
    sequence: key(RULES.sequence, 'Rises with every release; lower ones are refused.'),
    version: key(RULES.version, 'Semantic version, for people.'),
    vendor: key(RULES.domain, 'Domain name of the vendor.'),
    class: key(RULES.name, 'The class of gateways that it is for.'),
    'board-class': v.exactOptional(
      key(RULES.label, 'The kind of board that it is for; any when not given.'),
    ),
    'minimum-runtime': key(RULES.version, 'The oldest airssys-wasm that can run it.'),
    issued: v.exactOptional(key(moment, 'When it was made.')),
    'use-before': v.exactOptional(key(moment, 'From then on it is not installed any more.')),
    soak: v.exactOptional(
      key(
        v.pipe(duration, RULES.soakMs),
        'Its trial lasts at least as long without a complaint: "10min".',
      ),
    ),
    description: v.optional(key(RULES.description, 'For people.'), ''),
    text: v.optional(
      key(RULES.texts, 'What it says of itself, by language: [text.en]. May be cut off later.'),
      {},
    ),
    sbom: v.exactOptional(
      key(filePath, 'Its bill of materials: path of a CycloneDX document in JSON.'),
    ),
    controller: key(
      v.pipe(v.array(controllerToml), v.minLength(1), v.maxLength(limits.CONTROLLERS_MAX)),
      'The controllers, in the order of their start.',
    ),
  }),
  v.transform(
    ({
      class: gatewayClass,
      'board-class': boardClass,
      'minimum-runtime': minimumRuntime,
      issued: issuedS,
      'use-before': useBeforeS,
      soak: soakMs,
      text: texts,
      sbom: sbomFile,
      controller: controllers,
      ...toml
    }): ReleaseDraft => ({
      ...toml,
      gatewayClass,
      minimumRuntime,
      ...(issuedS !== undefined && { issuedS }),
      ...(useBeforeS !== undefined && { useBeforeS }),
      ...(boardClass !== undefined && { boardClass }),
      ...(soakMs !== undefined && { soakMs }),
      ...(sbomFile !== undefined && { sbomFile }),
      texts,
      controllers,
    }),
  ),
);

function controllerDraft({
  part,
  link,
  request,
  config,
  restart,
  mailbox,
  'health-interval': healthIntervalMs,
  ...toml
}: v.InferOutput<typeof controllerTable>): ControllerDraft {
  return {
    ...toml,
    parts: part,
    links: link.map(({ importer = toml.name, ...other }) => ({ importer, ...other })),
    requests: request,
    config: Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)),
    restart: {
      policy: restart.policy,
      intensityMax: restart.intensity,
      periodMs: restart.period,
      backoffMinMs: restart['backoff-min'],
      backoffMaxMs: restart['backoff-max'],
    },
    mailbox: {
      messagesMax: mailbox.messages,
      bytesMax: mailbox.bytes,
      overflow: mailbox.overflow,
    },
    healthIntervalMs,
  };
}

/** A key's value, and what an editor says of it. */
function key<const Schema extends v.GenericSchema>(schema: Schema, words: string) {
  return v.pipe(schema, v.description(words));
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
