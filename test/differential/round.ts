import { inspect, isDeepStrictEqual } from 'node:util';
import { parse } from '@bytecodealliance/jco';
import { errorMessage } from '../../runtime/base/errors.ts';
import type { ValueType } from '../../runtime/base/value-type.ts';
import { DEFAULT_LINK_LIMITS, stageComponent } from '../../runtime/linker/index.ts';
import { activate, hostOf } from '../linker/support.ts';
import { inJcoForm, normalValue, runOnJco } from './jco-glue.ts';
import { ENCODINGS, passThroughText, returnsTuple } from './pass-through.ts';
import { type Random, randomType, randomValue } from './random-types.ts';

/** How much one component is asked. */
export interface RoundSize {
  readonly types: number;
  readonly valuesPerType: number;
  readonly depth: number;
  /** Called before each value; false ends the round early. */
  readonly goesOn?: () => boolean;
}

/** What one component showed. */
export interface RoundResult {
  /** Values that went through both linkers, each both ways. */
  readonly values: number;
  /** One text for each value about which they did not agree, with its type. */
  readonly differences: readonly string[];
}

/** Parameters beside the value: none, some, or so many that all of them go through memory. */
const PADS = [0, 0, 3, 17] as const;
const SHOWN_DEPTH = 12;

/** Sends random values of random types through one component, on the linker and on jco. */
export async function runRound(random: Random, size: RoundSize): Promise<RoundResult> {
  const encoding = ENCODINGS[random(ENCODINGS.length)] ?? 'utf8';
  const functions = Array.from({ length: size.types }, () => ({
    type: randomType(random, size.depth),
    pads: PADS[random(PADS.length)] ?? 0,
  }));
  const bytes = await parse(passThroughText(functions, encoding));
  const heard: unknown[] = [];
  const host = Object.fromEntries(
    functions.map(({ type }, at) => [
      `h${at}`,
      (...args: readonly unknown[]) => {
        heard.push(normalValue(args));
        return returnsTuple(type) ? [args[0], at] : [args[0]];
      },
    ]),
  );
  const ours = activate(stageComponent(bytes, DEFAULT_LINK_LIMITS), hostOf(host));
  const theirs = await runOnJco(bytes, host);
  const differences: string[] = [];
  let values = 0;
  for (const [at, { type, pads }] of functions.entries()) {
    const pad = Array.from({ length: pads }, (_, index) => index);
    for (let left = size.valuesPerType; left > 0; left -= 1) {
      if (size.goesOn?.() === false) return { values, differences };
      const value = randomValue(type, random);
      const sent = { ours: value, theirs: inJcoForm(type, value) };
      const argsOf = (one: unknown) => (pads > 0 ? [one, pad] : [one]);
      heard.length = 0;
      const answers = {
        ours: outcome(() => ours.call(at, argsOf(sent.ours))),
        theirs: outcome(() => theirs[`f${at}`]?.(...argsOf(sent.theirs))),
      };
      const wantedOf = (one: unknown) => normalValue(returnsTuple(type) ? [one, at] : [one]);
      values += 1;
      const seen = [...heard, answers.ours, answers.theirs];
      const wanted = [
        ...[normalValue(argsOf(sent.ours)), normalValue(argsOf(sent.theirs))],
        ...[wantedOf(sent.ours), wantedOf(sent.theirs)],
      ];
      if (isDeepStrictEqual(seen, wanted)) continue;
      differences.push(description(type, encoding, { sent, heard: [...heard], answers }));
    }
  }
  return { values, differences };
}

/** What a call gives or, as text, what it throws. A call that both refuse is a fault as well. */
function outcome(call: () => unknown): unknown {
  try {
    return normalValue(call());
  } catch (error) {
    return `threw ${errorMessage(error)}`;
  }
}

function description(type: ValueType, encoding: string, seen: object): string {
  return `${encoding} ${JSON.stringify(type)}: ${inspect(seen, { depth: SHOWN_DEPTH })}`;
}
