/** The wire between gatewayd and component-host: frames, messages, values, credit. No I/O. */
export { ByteSink } from './byte-sink.ts';
export { ByteSource } from './byte-source.ts';
export {
  type Activate,
  CONTROL_DOWN_TYPES,
  CONTROL_MESSAGES,
  CONTROL_UP_TYPES,
  type Hello,
  type Prepare,
  type PreparedPieces,
  type Released,
} from './control-messages.ts';
export { CallCredit, LOG_LINES_AHEAD_MAX, LOG_LINES_PER_CALL, LogAllowance } from './credit.ts';
export {
  beginMessage,
  CONTROL_SLOT,
  endMessage,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  FRAME_TYPE,
  type FrameAddress,
  frameHeader,
  MESSAGE_BYTES_MAX,
  type Message,
} from './frame.ts';
export { FrameReader } from './frame-reader.ts';
export {
  type Contract,
  type ContractCodecs,
  type ContractFunction,
  compileContract,
  type FunctionCodec,
} from './function-codec.ts';
export { NONCE_BYTES, NonceGate, STALE_BYTES_MAX } from './nonce-gate.ts';
export { ProtocolError, type ProtocolErrorCode } from './protocol-error.ts';
export {
  type Activated,
  ANSWER_CANCELLED,
  ANSWER_OK,
  ANSWER_TYPES,
  appendMessage,
  CALL_TYPES,
  HOST_CALL_NONCE_BYTES,
  LOG_LEVELS,
  messageSink,
  readActivated,
  readFault,
  readLogLine,
  sourceOf,
  UPWARD_TYPES,
  writeActivated,
  writeFault,
  writeLogLine,
} from './slot-messages.ts';
export { compileDecoder } from './value-decoder.ts';
export { compileEncoder } from './value-encoder.ts';
