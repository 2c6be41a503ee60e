import type { FunctionShape } from '../base/value-type.ts';
import type { ByteSink } from './byte-sink.ts';
import type { ByteSource } from './byte-source.ts';
import { compileDecoder, tupleDecoder } from './value-decoder.ts';
import { compileEncoder, tupleEncoder } from './value-encoder.ts';

/** Both directions of one function, compiled once. Encoders and decoders throw ProtocolError. */
export interface FunctionCodec {
  /** `INTERFACE#FUNCTION`, for messages. */
  readonly name: string;
  encodeParams(args: readonly unknown[], sink: ByteSink): void;
  decodeParams(source: ByteSource): readonly unknown[];
  encodeResult(value: unknown, sink: ByteSink): void;
  decodeResult(source: ByteSource): unknown;
}

/** A function of a contract with the full name of its interface. */
export interface ContractFunction {
  readonly interface: string;
  readonly function: FunctionShape;
}

/**
 * What two processes agreed on: a function's index in its list is its id on the wire. The digest
 * stands for both lists.
 */
export interface Contract {
  readonly imports: readonly ContractFunction[];
  readonly exports: readonly ContractFunction[];
  readonly digest: string;
}

/** A contract's codecs, by function id. */
export interface ContractCodecs {
  readonly imports: readonly FunctionCodec[];
  readonly exports: readonly FunctionCodec[];
}

/** Compiles the codecs of a contract. Decoders require that a message holds nothing else. */
export function compileContract(contract: Contract): ContractCodecs {
  return { imports: contract.imports.map(compile), exports: contract.exports.map(compile) };
}

function compile({ interface: owner, function: shape }: ContractFunction): FunctionCodec {
  const types = shape.params.map(({ type }) => type);
  const decodeParams = tupleDecoder(types);
  const decodeResult = shape.result === null ? () => undefined : compileDecoder(shape.result);
  return {
    name: `${owner}#${shape.name}`,
    encodeParams: tupleEncoder(types),
    encodeResult: shape.result === null ? () => undefined : compileEncoder(shape.result),
    decodeParams: source => {
      const args = decodeParams(source);
      source.finish();
      return args;
    },
    decodeResult: source => {
      const value = decodeResult(source);
      source.finish();
      return value;
    },
  };
}
