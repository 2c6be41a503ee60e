import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'smol-toml';
import {
  completeRelease,
  componentPaths,
  parseReleaseToml,
} from '../../runtime/manifest/release-toml.ts';
import { signRelease } from '../../runtime/manifest/sign-release.ts';
import { type PrivateKey, parsePrivateKey, publicKeyOf } from '../../runtime/signing/ed25519.ts';
import { trustedKey } from '../../runtime/signing/trusted-key.ts';
import { encodeDocument, newDocument, signDocument } from '../../runtime/trust/document.ts';
import { encodeRoot } from '../../runtime/trust/root-codec.ts';
import { rootOfKeys } from '../../runtime/trust/root-toml.ts';

/** A gateway's set-up in a folder of its own, for a desk or a test. */
export interface Site {
  readonly folder: string;
  readonly configFile: string;
  readonly socket: string;
  readonly stateDirectory: string;
  /** The throwaway key that the site trusts. */
  readonly key: PrivateKey;
}

/** What a site is made from. */
export interface SiteParts {
  /** An empty folder; its path is short, because a Unix socket's is. */
  readonly folder: string;
  readonly brokerPort: number;
  /** `gateway.toml` to begin with: its paths and broker are replaced. */
  readonly template: string;
  /** Text that replaces or adds tables, merged like a `conf.d` file. */
  readonly extra?: string;
}

/** Writes configuration, board and root, with a new key that nothing else knows. */
export async function makeSite(parts: SiteParts): Promise<Site> {
  const { folder } = parts;
  const key = parsePrivateKey(randomBytes(32));
  const table = parse(await readFile(parts.template, 'utf8'));
  const board = resolve(dirname(parts.template), String(table['board-file']));
  const stateDirectory = join(folder, 'state');
  const socket = join(folder, 'control.sock');
  const config = {
    ...table,
    'state-directory': stateDirectory,
    'control-socket': socket,
    'board-file': board,
    'root-file': join(folder, 'root.cbor'),
    mqtt: [{ label: 'main', url: `mqtt://127.0.0.1:${parts.brokerPort}` }],
  };
  const configFile = join(folder, 'gateway.toml');
  await writeFile(configFile, stringify(config));
  await writeFile(join(folder, 'root.cbor'), rootOfKey(key));
  if (parts.extra !== undefined) {
    await mkdir(join(folder, 'conf.d'));
    await writeFile(join(folder, 'conf.d', 'extra.toml'), parts.extra);
  }
  return { folder, configFile, socket, stateDirectory, key };
}

/** A root in which the key may do everything. */
function rootOfKey(key: PrivateKey): Uint8Array {
  const issuedS = Math.floor(Date.now() / 1_000);
  const root = rootOfKeys([trustedKey('throwaway', publicKeyOf(key))], issuedS);
  return encodeDocument(signDocument(newDocument('root', encodeRoot(root)), key));
}

/** Returns the signed envelope of a release.toml; components are read beside it. */
export async function signReleaseFile(file: string, key: PrivateKey): Promise<Uint8Array> {
  return signReleaseText(await readFile(file, 'utf8'), file, key);
}

/** The same for a text, whose component paths are relative to the folder of `file`. */
export async function signReleaseText(
  text: string,
  file: string,
  key: PrivateKey,
): Promise<Uint8Array> {
  const draft = parseReleaseToml(text, file);
  const bytes = new Map<string, Uint8Array>();
  for (const component of componentPaths(draft)) {
    bytes.set(component, await readFile(resolve(dirname(file), component)));
  }
  const { release, components } = completeRelease(draft, bytes);
  return signRelease(release, components, [key]);
}
