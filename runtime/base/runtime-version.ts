/** Version of this runtime; equal to the one in package.json, which a test compares. */
export const RUNTIME_VERSION = '0.1.0';
