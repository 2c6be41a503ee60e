import { join } from 'node:path';
import { buildGuests } from '../guests.ts';
import { keepCompiledCode } from './compiled-code.ts';
import { buildPrograms } from './programs.ts';

const PROJECT = join(import.meta.dirname, '../..');

/** The guests of the release that `npm start` installs. */
export const START_GUESTS: readonly string[] = ['thermostat', 'pump-guard'];

/**
 * Builds what `npm start` runs, as far as it is not built yet.
 * @throws GuestBuildError
 */
export async function prepareStart(): Promise<void> {
  keepCompiledCode(PROJECT);
  await Promise.all([buildGuests(START_GUESTS), buildPrograms(PROJECT)]);
}
