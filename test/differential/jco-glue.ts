import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpile } from '@bytecodealliance/jco';
import { camelCase, type ValueType } from '../../runtime/base/value-type.ts';

/** Exports of a component as jco's generated code binds them, by name in camelCase. */
export type JcoExports = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

/** Runs a component without imported interfaces on jco, the reference implementation. */
export async function runOnJco(
  bytes: Uint8Array,
  functions: Readonly<Record<string, (...args: readonly unknown[]) => unknown>>,
): Promise<JcoExports> {
  const folder = mkdtempSync(join(tmpdir(), 'linker-oracle-'));
  try {
    const { files } = await transpile(bytes, {
      name: 'oracle',
      instantiation: 'sync',
      noTypescript: true,
    });
    const modules = new Map<string, WebAssembly.Module>();
    for (const [name, content] of Object.entries(files)) {
      if (name.endsWith('.wasm')) modules.set(name, new WebAssembly.Module(content));
      else if (name.endsWith('.js'))
        writeFileSync(join(folder, name.replace('.js', '.mjs')), content);
    }
    const glue = await import(pathToFileURL(join(folder, 'oracle.mjs')).href);
    const imports = Object.fromEntries(
      Object.entries(functions).map(([name, run]) => [name, { default: run }]),
    );
    return glue.instantiate((path: string) => modules.get(path), imports);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** jco gives numeric lists as typed arrays and spells absent payloads its own way. */
export function normalValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value) && 'length' in value) return Array.from(Object.values(value));
  if (Array.isArray(value)) return value.map(normalValue);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, normalValue(inner)]));
}

/**
 * Returns a value as jco takes it. Of options in options jco gives every second one the form of a
 * variant, counted from within; the project gives it to all but the innermost.
 */
export function inJcoForm(type: ValueType, value: unknown): unknown {
  const fields = Object(value);
  switch (type.kind) {
    case 'list':
      return Array.isArray(value) ? value.map(one => inJcoForm(type.element, one)) : value;
    case 'tuple':
      return type.items.map((item, index) => inJcoForm(item, fields[index]));
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: inner }) => {
          const key = camelCase(name);
          return [key, inJcoForm(inner, fields[key])];
        }),
      );
    case 'variant': {
      const payload = type.cases.find(({ name }) => name === fields.tag)?.type ?? null;
      return payload === null ? value : { tag: fields.tag, val: inJcoForm(payload, fields.val) };
    }
    case 'result': {
      const payload = fields.tag === 'ok' ? type.ok : type.err;
      return payload === null ? value : { tag: fields.tag, val: inJcoForm(payload, fields.val) };
    }
    case 'option': {
      const isNested = type.value.kind === 'option';
      const isSome = isNested ? fields.tag === 'some' : value !== undefined;
      if (!isSome) return isUndefinedInJco(type) ? undefined : { tag: 'none' };
      const val = inJcoForm(type.value, isNested ? fields.val : value);
      return isUndefinedInJco(type) ? val : { tag: 'some', val };
    }
    default:
      return value;
  }
}

/** Whether jco has `undefined` for none of this type. */
function isUndefinedInJco(type: ValueType): boolean {
  return type.kind === 'option' && !isUndefinedInJco(type.value);
}
