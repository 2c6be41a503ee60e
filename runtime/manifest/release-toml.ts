import { parse as parseToml, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { errorMessage } from '../base/errors.ts';
import { ReleaseTomlError } from './errors.ts';
import * as limits from './limits.ts';
import { digestOfMember } from './member-digest.ts';
import { componentDigest, isComponent } from './payloads.ts';
import type { ControllerSpec, Release } from './release.ts';
import { requireRelease } from './release-schema.ts';
import { type ReleaseDraft, releaseTomlSchema } from './release-toml-schema.ts';
import { encodeTexts, readSbom, type Severable } from './severable.ts';

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

/** A release with everything that its envelope is made of. */
export interface CompletedRelease {
  readonly release: Release;
  /** By digest. */
  readonly components: ReadonlyMap<string, Uint8Array>;
  readonly severable: Severable;
}

/**
 * Returns the release of a draft, its components by digest, and what is severable. `files` holds
 * the bytes of each `component` path and of `sbom`.
 * @throws ReleaseTomlError `RELEASE_TOML_COMPONENT` for a file that is missing or not a component;
 *   `RELEASE_TOML_SBOM` for a bill of materials that is none; ReleaseError `MANIFEST_*` where parts
 *   do not fit together
 */
export function completeRelease(
  draft: ReleaseDraft,
  files: ReadonlyMap<string, Uint8Array>,
): CompletedRelease {
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
  const { texts, sbomFile, ...described } = draft;
  const severable: Severable = {
    ...(Object.keys(texts).length > 0 && { text: encodeTexts(texts) }),
    ...(sbomFile !== undefined && { sbom: sbomIn(files, sbomFile) }),
  };
  const { text, sbom } = severable;
  const release = requireRelease({
    ...described,
    ...(text !== undefined && { textDigest: digestOfMember(text) }),
    ...(sbom !== undefined && { sbomDigest: digestOfMember(sbom) }),
    controllers,
  });
  return { release, components, severable };
}

function sbomIn(files: ReadonlyMap<string, Uint8Array>, file: string): Uint8Array {
  const bytes = files.get(file);
  if (bytes === undefined) {
    throw new ReleaseTomlError('RELEASE_TOML_SBOM', `${file} was not read`);
  }
  try {
    readSbom(bytes);
  } catch (cause) {
    throw new ReleaseTomlError('RELEASE_TOML_SBOM', `${file}: ${errorMessage(cause)}`, { cause });
  }
  return bytes;
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
