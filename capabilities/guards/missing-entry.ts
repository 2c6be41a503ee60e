/**
 * What a call gets for which the import object has no entry: the function's own `denied`, and for
 * the operator the grant that would have opened it.
 */
import { isTopic } from '../../runtime/base/mqtt-topic.ts';
import type { FunctionShape } from '../../runtime/base/value-type.ts';
import { ComponentError } from '../../runtime/ports/component-host.ts';
import type { Grant } from '../grammar/index.ts';
import { wantedGpio } from './gpio-guard.ts';
import type { GuardContext } from './guard-context.ts';
import { boolArg, bytesArg, qosArg, textArg, u32Arg } from './host-args.ts';
import { wantedNamespace } from './keyvalue-guard.ts';
import { wantedPublish } from './mqtt-guard.ts';
import { missingGrant } from './pipeline.ts';
import { wantedSerial } from './serial-guard.ts';
import { wantedTimer } from './timer-service.ts';

/** What a missing entry would have done. */
interface Missing {
  readonly action: string;
  readonly resource: string;
  readonly wanted: Grant | null;
}

/**
 * Records the denial and returns the function's answer for it.
 * @throws ComponentError `COMPONENT_ARGUMENT` when the function has no way to say no
 */
export function denyMissing(
  context: GuardContext,
  name: string,
  shape: FunctionShape,
  args: readonly unknown[],
): unknown {
  const { action, resource, wanted } = describe(context, name, args);
  const reason = context.closed ? 'the instance has ended' : missingGrant(action, resource, wanted);
  context.record({ action, resource, decision: 'deny', grant: null, reason });
  return deniedAnswer(name, shape);
}

/** Returns `denied` as the function's type writes it. */
function deniedAnswer(name: string, { result }: FunctionShape): unknown {
  if (result?.kind === 'result' && result.err?.kind === 'variant') {
    const { cases } = result.err;
    const denied = cases.find(one => one.name === 'denied' || one.name === 'access-denied');
    if (denied?.type === null) return { tag: 'err', val: { tag: denied.name } };
  }
  // `cancel` of a timer that cannot exist.
  if (result?.kind === 'bool') return false;
  if (result === null) return undefined;
  throw new ComponentError('COMPONENT_ARGUMENT', `${name} is not offered by this gateway`);
}

function describe(context: GuardContext, name: string, args: readonly unknown[]): Missing {
  switch (name) {
    case 'airssys:gpio/digital#read':
      return gpio(context, 'gpio.read', textArg(args, 0));
    case 'airssys:gpio/digital#write':
    case 'airssys:gpio/digital#pulse':
      return gpio(context, 'gpio.write', textArg(args, 0));
    case 'airssys:serial/port#write': {
      const label = textArg(args, 0);
      return { action: 'serial.write', resource: label, wanted: wantedSerial(label, 'w') };
    }
    case 'airssys:mqtt/publisher#publish':
      return publish(args);
    case 'airssys:timer/timers#set-interval':
    case 'airssys:timer/timers#set-timeout': {
      const wanted = wantedTimer(u32Arg(args, 1));
      return { action: 'timer.set', resource: textArg(args, 0), wanted };
    }
    case 'wasi:keyvalue/store#open': {
      const namespace = textArg(args, 0);
      const wanted = wantedNamespace(namespace, 'rw');
      return { action: 'kv.open', resource: `${namespace}/`, wanted };
    }
    default:
      return { action: name, resource: '', wanted: null };
  }
}

function gpio(context: GuardContext, action: string, label: string): Missing {
  const line = context.gateway.board.lines.find(candidate => candidate.label === label);
  const dir = action === 'gpio.write' ? 'out' : (line?.direction ?? 'in');
  return { action, resource: label, wanted: wantedGpio(context, label, dir) };
}

function publish(args: readonly unknown[]): Missing {
  const message = {
    connection: textArg(args, 0),
    topic: textArg(args, 1),
    payload: bytesArg(args, 2),
    qos: qosArg(args, 3),
    retain: boolArg(args, 4),
  };
  const wanted = isTopic(message.topic) ? wantedPublish(message) : null;
  return { action: 'mqtt.publish', resource: `${message.connection}/${message.topic}`, wanted };
}
