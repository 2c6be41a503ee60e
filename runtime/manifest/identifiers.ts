import { createHash } from 'node:crypto';

/** The namespace of domain names (RFC 9562 6.6). */
const DNS_NAMESPACE = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');

/** Returns the vendor identifier, 16 bytes: UUIDv5 of the domain name (RFC 9124 3.4). */
export function vendorIdentifier(vendor: string): Uint8Array {
  return uuid5(DNS_NAMESPACE, vendor);
}

/** Returns the class identifier, 16 bytes: UUIDv5 of class within vendor (RFC 9124 3.5). */
export function classIdentifier(vendor: string, gatewayClass: string): Uint8Array {
  return uuid5(vendorIdentifier(vendor), gatewayClass);
}

/** RFC 9562 5.5: SHA-1 as an identifier, not as protection. */
function uuid5(namespace: Uint8Array, name: string): Uint8Array {
  const hash = createHash('sha1').update(namespace).update(name, 'utf8').digest();
  const uuid = Uint8Array.from(hash.subarray(0, 16));
  const view = new DataView(uuid.buffer);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x50);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  return uuid;
}
