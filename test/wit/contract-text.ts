import type { WitContract } from '../../scripts/wit/model.ts';
import { parseWit } from '../../scripts/wit/parser.ts';
import { resolveContract } from '../../scripts/wit/resolver.ts';
import { type ContractLock, lockOf } from '../../scripts/wit-gate.ts';

/** Returns the contract of one text. */
export function contractOf(text: string): WitContract {
  return resolveContract([parseWit(text, 'test.wit')]);
}

/** Returns the lock of one text. */
export function lockOfText(text: string): ContractLock {
  return lockOf(contractOf(text));
}
