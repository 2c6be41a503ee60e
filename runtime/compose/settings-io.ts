import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Grant, parseGrant } from '../../capabilities/grammar/index.ts';
import { errorMessage } from '../base/errors.ts';
import { parseBoard } from '../manifest/board.ts';
import { type GatewayConfig, parseGatewayConfig } from '../manifest/gateway-config.ts';
import type { Board } from '../ports/board.ts';
import type { Root } from '../trust/root.ts';
import { verifyFirstRoot } from '../trust/root-chain.ts';
import { GatewayStartError } from './errors.ts';

/** All that is written down about a gateway, read and checked. */
export interface GatewaySettings {
  readonly config: GatewayConfig;
  readonly board: Board;
  /** The factory's root, from which every later one follows. */
  readonly root: Root;
  readonly policy: ReadonlyMap<string, readonly Grant[]>;
}

/**
 * Reads `gateway.toml` and the `*.toml` files of `conf.d` beside it, the board and the root.
 * Rejects with SettingsError or GatewayStartError; each names file and place.
 */
export async function readSettings(file: string): Promise<GatewaySettings> {
  const path = resolve(file);
  const texts = [{ file: path, text: await readText(path, 'the configuration') }];
  for (const extra of await overrides(path)) {
    texts.push({ file: extra, text: await readText(extra, 'the configuration') });
  }
  const config = parseGatewayConfig(texts);
  const { boardFile, rootFile } = config;
  return {
    config,
    board: parseBoard(boardFile, await readText(boardFile, 'the board file')),
    root: await readRoot(rootFile),
    policy: parsePolicy(config),
  };
}

function parsePolicy(config: GatewayConfig): ReadonlyMap<string, readonly Grant[]> {
  return new Map(
    config.policy.map(({ controller, grants }) => [
      controller,
      grants.map(text => {
        try {
          return parseGrant(text);
        } catch (cause) {
          throw new GatewayStartError(
            'GATEWAY_POLICY',
            `policy of "${controller}": "${text}": ${errorMessage(cause)}`,
            { cause },
          );
        }
      }),
    ]),
  );
}

async function overrides(path: string): Promise<readonly string[]> {
  const folder = join(dirname(path), 'conf.d');
  const names = await readdir(folder).catch(() => []);
  return names
    .filter(name => name.endsWith('.toml'))
    .sort()
    .map(name => join(folder, name));
}

async function readRoot(path: string): Promise<Root> {
  try {
    return verifyFirstRoot(await readFile(path));
  } catch (cause) {
    throw new GatewayStartError(
      'GATEWAY_ROOT',
      `the root ${path} cannot be trusted: ${errorMessage(cause)}; ` +
        'airssys-wasm root init makes one',
      { cause },
    );
  }
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new GatewayStartError(
      'GATEWAY_FILE',
      `${what} ${path} cannot be read: ${errorMessage(cause)}`,
      { cause },
    );
  }
}
