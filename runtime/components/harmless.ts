/** The only interface beside WASI that a part may import from the host: it has no authority. */
export const LOGGING_INTERFACE = 'wasi:logging/logging@0.1.0-draft';
