import { GrammarError } from './errors.ts';

/** The sign between an attribute's name and its value; empty where there is no value. */
export type AttributeSign = '' | '=' | '<=' | '>=';

interface Attribute {
  readonly sign: AttributeSign;
  readonly value: string;
}

/**
 * The attributes of one grant. A class takes those it knows, each with the sign it must have;
 * `finish` refuses what is left, so that nothing is silently ignored.
 */
export class Attributes {
  readonly #text: string;
  readonly #left: Map<string, Attribute>;

  /** Reads what stands between the brackets. @throws GrammarError */
  constructor(text: string) {
    this.#text = text;
    this.#left = new Map();
    if (text.trim() === '') return;
    for (const part of text.split(',')) {
      const match = /^([a-z][a-z-]*|(?=[<>]))(?:(=|<=|>=)([^<>=\s]+))?$/.exec(part.trim());
      if (match === null) {
        throw new GrammarError('GRANT_SYNTAX', `"${part.trim()}" is not an attribute like dir=in`);
      }
      const [, name = '', sign = '', value = ''] = match;
      if (this.#left.has(name)) {
        throw new GrammarError('GRANT_DUPLICATE', `attribute "${name}" is given twice`);
      }
      this.#left.set(name, { sign: toSign(sign), value });
    }
  }

  /** Takes an attribute's value, or undefined when it is not given. */
  take(name: string, sign: AttributeSign): string | undefined {
    const attribute = this.#left.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.sign !== sign) {
      const wanted = sign === '' ? name : `${name}${sign}VALUE`;
      throw new GrammarError('GRANT_SYNTAX', `attribute "${name}" is written ${wanted}`);
    }
    this.#left.delete(name);
    return attribute.value;
  }

  /** Takes an attribute without value; whether it is given. */
  flag(name: string): boolean {
    return this.take(name, '') !== undefined;
  }

  /** Takes one of a closed set of values. */
  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.take(name, '=');
    if (text === undefined) return undefined;
    const value = values.find(candidate => candidate === text);
    if (value !== undefined) return value;
    throw new GrammarError('GRANT_VALUE', `${name}=${text}: use one of ${values.join(', ')}`);
  }

  /** Refuses attributes that nobody took. */
  finish(grantClass: string): void {
    const [name] = this.#left.keys();
    if (name === undefined) return;
    throw new GrammarError(
      'GRANT_ATTRIBUTE',
      `"${grantClass}" has no attribute "${name}" (in [${this.#text}])`,
    );
  }
}

/** Writes attributes sorted, in brackets; nothing when there are none. */
export function formatAttributes(attributes: readonly (string | null)[]): string {
  const given = attributes.filter(attribute => attribute !== null).sort();
  return given.length === 0 ? '' : `[${given.join(',')}]`;
}

function toSign(text: string): AttributeSign {
  return text === '=' || text === '<=' || text === '>=' ? text : '';
}
