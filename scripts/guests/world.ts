import type { WitContract, WitInterface } from '../wit/model.ts';
import type { WitSource } from '../wit/sources-io.ts';
import { GuestBuildError } from './errors.ts';

/** Interfaces that a guest imports and exports, by full name. */
export interface GuestWorld {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/** Name of the composed world. */
export const GUEST_WORLD = 'controller';

/**
 * Returns one WIT text with every package of the contract and a world of exactly these interfaces:
 * the form that componentizers take.
 */
export function worldText(sources: readonly WitSource[], world: GuestWorld): string {
  const lines = [
    ...[...world.imports].sort().map(name => `  import ${name};`),
    ...[...world.exports].sort().map(name => `  export ${name};`),
  ];
  const packages = sources.map(({ path, text }) => {
    const line = /^package ([^;]+);/m.exec(text);
    if (line === null) throw new GuestBuildError('GUEST_SOURCE', `${path}: no package line`);
    const docs = text.slice(0, line.index);
    const body = text.slice(line.index + line[0].length);
    return `${docs}package ${line[1] ?? ''} {${body}}\n`;
  });
  const head = `package airssys:guest;\n\nworld ${GUEST_WORLD} {\n${lines.join('\n')}\n}\n`;
  return [head, ...packages].join('\n');
}

/** Returns the declared interfaces of a world's exports. */
export function exportedInterfaces(contract: WitContract, world: GuestWorld): WitInterface[] {
  return world.exports.map(name => {
    const declared = contract.interfaces.get(name);
    if (declared === undefined) throw new GuestBuildError('GUEST_SOURCE', `no interface ${name}`);
    return declared;
  });
}
