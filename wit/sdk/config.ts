import * as store from 'wasi:config/store@0.2.0-rc.1';
import { hostCall } from './errors.ts';

/** A configuration value that a controller cannot work with. Thrown in `start`, it refuses it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Bounds of a number, and what stands for a missing one. */
export interface NumberOptions {
  readonly fallback?: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * The configuration of the release, typed. A missing key without fallback, or a value that is not
 * what was asked for, throws ConfigError.
 */
export const config = {
  text(key: string, fallback?: string): string {
    const value = lookUp(key) ?? fallback;
    if (value === undefined) throw new ConfigError(`config "${key}" is missing`);
    return value;
  },
  number(key: string, options: NumberOptions = {}): number {
    const { fallback, min = -Infinity, max = Infinity } = options;
    const text = lookUp(key);
    if (text === undefined) {
      if (fallback === undefined) throw new ConfigError(`config "${key}" is missing`);
      return fallback;
    }
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= min && value <= max)) {
      throw new ConfigError(`config "${key}" is "${text}", not a number from ${min} to ${max}`);
    }
    return value;
  },
  boolean(key: string, fallback?: boolean): boolean {
    const text = lookUp(key);
    if (text === undefined && fallback !== undefined) return fallback;
    if (text === 'true' || text === 'false') return text === 'true';
    throw new ConfigError(`config "${key}" is "${text ?? ''}", not true or false`);
  },
} as const;

function lookUp(key: string): string | undefined {
  return hostCall(`config.get("${key}")`, () => store.get(key)) ?? undefined;
}
