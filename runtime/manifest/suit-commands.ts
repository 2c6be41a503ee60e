import { readInteger } from '../base/cbor-read.ts';
import { ReleaseError } from './errors.ts';
import { commandName, parameterName } from './suit-names.ts';
import { COMMAND, PARAMETER, REPORT } from './suit-numbers.ts';

/** What one component has after the sequences run so far. */
export interface ComponentState {
  /** Parameters by number, still undecoded. Each is set once. */
  readonly parameters: Map<number, unknown>;
  /** Conditions and fetches that were asked for, as `SEQUENCE/COMMAND`. */
  readonly asked: Set<string>;
}

/** What a sequence may do. */
export interface SequenceRules {
  /** For messages, and first half of the entries of `asked`. */
  readonly name: 'shared' | 'validate' | 'install';
  readonly commands: readonly number[];
  readonly parameters: readonly number[];
}

/** The declared subset: what each sequence may hold. */
export const SEQUENCES = {
  shared: {
    name: 'shared',
    commands: [
      COMMAND.setComponentIndex,
      COMMAND.overrideParameters,
      COMMAND.conditionVendor,
      COMMAND.conditionClass,
      COMMAND.conditionUseBefore,
    ],
    parameters: [
      PARAMETER.vendorIdentifier,
      PARAMETER.classIdentifier,
      PARAMETER.imageDigest,
      PARAMETER.useBefore,
      PARAMETER.imageSize,
      PARAMETER.release,
      PARAMETER.controller,
      PARAMETER.partMemory,
    ],
  },
  validate: {
    name: 'validate',
    commands: [COMMAND.setComponentIndex, COMMAND.conditionImageMatch],
    parameters: [],
  },
  install: {
    name: 'install',
    commands: [
      COMMAND.setComponentIndex,
      COMMAND.overrideParameters,
      COMMAND.fetch,
      COMMAND.conditionImageMatch,
    ],
    parameters: [PARAMETER.uri, PARAMETER.sources],
  },
} as const satisfies Record<string, SequenceRules>;

/** The parameter that a condition or a fetch works on; it must be set before. */
const NEEDS: ReadonlyMap<number, number> = new Map([
  [COMMAND.conditionVendor, PARAMETER.vendorIdentifier],
  [COMMAND.conditionClass, PARAMETER.classIdentifier],
  [COMMAND.conditionImageMatch, PARAMETER.imageDigest],
  [COMMAND.conditionUseBefore, PARAMETER.useBefore],
  [COMMAND.fetch, PARAMETER.uri],
]);

/**
 * Runs a command sequence of the subset over the components, recording in `components` what it sets
 * and asks for (draft-ietf-suit-manifest-37 6.4, 8.4.8).
 * @throws ReleaseError `MANIFEST_COMMAND`, `MANIFEST_PARAMETER`; CborError `CBOR_SHAPE`
 */
export function runSequence(
  items: readonly unknown[],
  rules: SequenceRules,
  components: readonly ComponentState[],
): void {
  if (items.length % 2 !== 0) {
    throw new ReleaseError('MANIFEST_COMMAND', `${rules.name}: a command lacks its argument`);
  }
  let selected: readonly ComponentState[] = components.slice(0, 1);
  for (let at = 0; at < items.length; at += 2) {
    const command = items[at];
    const argument = items[at + 1];
    if (typeof command !== 'number' || !rules.commands.includes(command)) {
      throw new ReleaseError(
        'MANIFEST_COMMAND',
        `${rules.name}: ${commandName(command)} is outside the subset that is run here`,
      );
    }
    if (command === COMMAND.setComponentIndex) selected = select(argument, rules, components);
    else if (command === COMMAND.overrideParameters) override(argument, rules, selected);
    else ask(command, argument, rules, selected);
  }
}

function select(
  argument: unknown,
  rules: SequenceRules,
  components: readonly ComponentState[],
): readonly ComponentState[] {
  if (argument === true) return components;
  const index = readInteger(argument, `${rules.name}: component index`, 0, components.length - 1);
  return components.slice(index, index + 1);
}

function override(
  argument: unknown,
  rules: SequenceRules,
  selected: readonly ComponentState[],
): void {
  if (!(argument instanceof Map) || argument.size === 0) {
    throw new ReleaseError('MANIFEST_PARAMETER', `${rules.name}: parameters must be a map`);
  }
  for (const [parameter, value] of argument) {
    if (!rules.parameters.includes(parameter)) {
      throw new ReleaseError(
        'MANIFEST_PARAMETER',
        `${rules.name}: ${parameterName(parameter)} is outside the subset that is run here`,
      );
    }
    for (const component of selected) {
      if (component.parameters.has(parameter)) {
        throw new ReleaseError(
          'MANIFEST_PARAMETER',
          `${rules.name}: ${parameterName(parameter)} is set twice for one component`,
        );
      }
      component.parameters.set(parameter, value);
    }
  }
}

function ask(
  command: number,
  argument: unknown,
  rules: SequenceRules,
  selected: readonly ComponentState[],
): void {
  readInteger(argument, `${rules.name}: reporting policy`, 0, REPORT.max);
  const needed = NEEDS.get(command);
  for (const component of selected) {
    if (needed !== undefined && !component.parameters.has(needed)) {
      throw new ReleaseError(
        'MANIFEST_COMMAND',
        `${rules.name}: ${commandName(command)} comes before ${parameterName(needed)} is set`,
      );
    }
    component.asked.add(`${rules.name}/${command}`);
  }
}
