import type { PrimitiveKind } from '../base/value-type.ts';
import type {
  Definition,
  ExternDescription,
  TypeDefinition,
  TypeReference,
} from './definitions.ts';
import { LinkError } from './errors.ts';
import type { LinkLimits } from './limits.ts';
import { requireLabels } from './names.ts';
import type { Reader } from './reader.ts';

/** Codes of primitive types, from 0x73 up (`Binary.md`, "Type Definitions"). */
const PRIMITIVES_FROM_73: readonly PrimitiveKind[] = [
  'string',
  'char',
  'f64',
  'f32',
  'u64',
  's64',
  'u32',
  's32',
  'u16',
  's16',
  'u8',
  's8',
  'bool',
];
const FLAGS_MAX = 32;

const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x3e, 'an asynchronous resource'],
  [0x43, 'an asynchronous function'],
  [0x63, 'a map'],
  [0x64, 'an error-context'],
  [0x65, 'a future'],
  [0x66, 'a stream'],
  [0x67, 'a list of fixed length'],
]);

/** Reads declarations of instance and component types; given by the parser of components. */
export type DeclarationReader = (reader: Reader, ofComponent: boolean) => readonly Definition[];

/** Reads type definitions. Every method throws LinkError. */
export class TypeParser {
  readonly #limits: LinkLimits;
  readonly #declarations: DeclarationReader;

  constructor(limits: LinkLimits, declarations: DeclarationReader) {
    this.#limits = limits;
    this.#declarations = declarations;
  }

  definition(reader: Reader): TypeDefinition {
    const at = reader.at;
    const code = reader.byte();
    const primitive = PRIMITIVES_FROM_73[code - 0x73];
    if (primitive !== undefined) return { kind: primitive };
    switch (code) {
      case 0x72:
        return { kind: 'record', ...this.#fields(reader, at, 'record fields') };
      case 0x71:
        return this.#variant(reader, at);
      case 0x70:
        return { kind: 'list', element: this.reference(reader) };
      case 0x6f:
        return { kind: 'tuple', items: this.#items(reader) };
      case 0x6e:
        return this.#flags(reader, at);
      case 0x6d:
        return {
          kind: 'enum',
          names: this.#labels(reader, at, this.#limits.typeWeightMax, 'enum cases'),
        };
      case 0x6b:
        return { kind: 'option', element: this.reference(reader) };
      case 0x6a:
        return { kind: 'result', ok: this.#optional(reader), err: this.#optional(reader) };
      case 0x69:
        return { kind: 'own', resource: reader.u32() };
      case 0x68:
        return { kind: 'borrow', resource: reader.u32() };
      case 0x40:
        return this.#function(reader, at);
      case 0x41:
        return { kind: 'component', declarations: this.#declarations(reader, true) };
      case 0x42:
        return { kind: 'instance', declarations: this.#declarations(reader, false) };
      case 0x3f:
        return this.#resource(reader, at);
      default:
        throw this.#unknown(code, at);
    }
  }

  /** Reads a value type: a primitive's code, or a type index. */
  reference(reader: Reader): TypeReference {
    const at = reader.at;
    const code = reader.s33();
    if (code >= 0) return code;
    const primitive = PRIMITIVES_FROM_73[code + 0x80 - 0x73];
    if (primitive === undefined) throw this.#unknown(code + 0x80, at);
    return primitive;
  }

  /** Reads what an import or export is said to be. */
  externDescription(reader: Reader): ExternDescription {
    const at = reader.at;
    switch (reader.byte()) {
      case 0x00:
        throw new LinkError('LINK_UNSUPPORTED', 'imports of core modules are not accepted', at);
      case 0x01:
        return { kind: 'func', type: reader.u32() };
      case 0x02:
        throw new LinkError('LINK_UNSUPPORTED', 'imports of values are not accepted', at);
      case 0x03: {
        const bound = reader.byte();
        if (bound === 0) return { kind: 'type-equal', type: reader.u32() };
        if (bound === 1) return { kind: 'type-resource' };
        throw reader.malformed('unknown type bound');
      }
      case 0x04:
        return { kind: 'component', type: reader.u32() };
      case 0x05:
        return { kind: 'instance', type: reader.u32() };
      default:
        throw reader.malformed('unknown kind of import or export');
    }
  }

  #unknown(code: number, at: number): LinkError {
    const what = REFUSED.get(code);
    return what === undefined
      ? new LinkError('LINK_MALFORMED', `unknown type code ${code}`, at)
      : new LinkError('LINK_UNSUPPORTED', `${what} is not accepted`, at);
  }

  #optional(reader: Reader): TypeReference | null {
    const flag = reader.byte();
    if (flag === 0) return null;
    if (flag === 1) return this.reference(reader);
    throw reader.malformed('an optional is neither there nor absent');
  }

  #fields(reader: Reader, at: number, what: string) {
    const names: string[] = [];
    const items: TypeReference[] = [];
    for (let left = this.#some(reader, this.#limits.recordFieldsMax, what); left > 0; left -= 1) {
      names.push(reader.name(this.#limits.labelBytesMax));
      items.push(this.reference(reader));
    }
    requireLabels(names, this.#limits.labelBytesMax, what, at);
    return { names, items };
  }

  #variant(reader: Reader, at: number): TypeDefinition {
    const names: string[] = [];
    const payloads: (TypeReference | null)[] = [];
    const countMax = this.#limits.recordFieldsMax;
    for (let left = this.#some(reader, countMax, 'variant cases'); left > 0; left -= 1) {
      names.push(reader.name(this.#limits.labelBytesMax));
      payloads.push(this.#optional(reader));
      if (reader.byte() !== 0) throw reader.malformed('a case refines another');
    }
    requireLabels(names, this.#limits.labelBytesMax, 'variant case', at);
    return { kind: 'variant', names, payloads };
  }

  #items(reader: Reader): readonly TypeReference[] {
    const items: TypeReference[] = [];
    const countMax = this.#limits.recordFieldsMax;
    for (let left = this.#some(reader, countMax, 'tuple items'); left > 0; left -= 1) {
      items.push(this.reference(reader));
    }
    return items;
  }

  #flags(reader: Reader, at: number): TypeDefinition {
    const names = this.#labels(reader, at, this.#limits.recordFieldsMax, 'flags');
    if (names.length > FLAGS_MAX)
      throw new LinkError('LINK_INVALID', `over ${FLAGS_MAX} flags`, at);
    return { kind: 'flags', names };
  }

  #labels(reader: Reader, at: number, countMax: number, what: string): readonly string[] {
    const names: string[] = [];
    for (let left = this.#some(reader, countMax, what); left > 0; left -= 1) {
      names.push(reader.name(this.#limits.labelBytesMax));
    }
    requireLabels(names, this.#limits.labelBytesMax, what, at);
    return names;
  }

  #some(reader: Reader, countMax: number, what: string): number {
    const count = reader.count(countMax, what);
    if (count === 0) throw reader.malformed(`no ${what}`);
    return count;
  }

  #function(reader: Reader, at: number): TypeDefinition {
    const names: string[] = [];
    const params: TypeReference[] = [];
    for (let left = reader.count(this.#limits.recordFieldsMax, 'parameters'); left > 0; left -= 1) {
      names.push(reader.name(this.#limits.labelBytesMax));
      params.push(this.reference(reader));
    }
    requireLabels(names, this.#limits.labelBytesMax, 'parameter', at);
    const form = reader.byte();
    if (form === 0) return { kind: 'func', names, params, result: this.reference(reader) };
    if (form !== 1 || reader.byte() !== 0) throw reader.malformed('named results');
    return { kind: 'func', names, params, result: null };
  }

  #resource(reader: Reader, at: number): TypeDefinition {
    if (reader.byte() !== 0x7f) throw new LinkError('LINK_INVALID', 'a resource is no i32', at);
    const flag = reader.byte();
    if (flag > 1) throw reader.malformed('an optional is neither there nor absent');
    return { kind: 'resource', destructor: flag === 1 ? reader.u32() : null };
  }
}
