import * as store from 'wasi:keyvalue/store@0.2.0-draft2';
import { hostCall } from './errors.ts';
import { decodeText, encodeText } from './text.ts';

/** Durable state of one namespace. A value that was set survives a power cut. Throws HostError. */
export class Store {
  readonly #bucket: store.Bucket;
  readonly #namespace: string;

  /** Opens a namespace; a `kv` grant must cover it. */
  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#bucket = hostCall(`kv.open("${namespace}")`, () => store.open(namespace));
  }

  get(key: string): Uint8Array | undefined {
    return this.#call('get', key, () => this.#bucket.get(key)) ?? undefined;
  }

  set(key: string, value: Uint8Array): void {
    this.#call('set', key, () => this.#bucket.set(key, value));
  }

  getText(key: string): string | undefined {
    const bytes = this.get(key);
    return bytes === undefined ? undefined : decodeText(bytes);
  }

  setText(key: string, value: string): void {
    this.set(key, encodeText(value));
  }

  /** Returns what `setJson` stored, not validated; undefined where there is none or no JSON. */
  getJson(key: string): unknown {
    const text = this.getText(key);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  setJson(key: string, value: unknown): void {
    this.setText(key, JSON.stringify(value));
  }

  delete(key: string): void {
    this.#call('delete', key, () => this.#bucket.delete(key));
  }

  exists(key: string): boolean {
    return this.#call('exists', key, () => this.#bucket.exists(key));
  }

  /** Returns every key, page after page. */
  keys(): string[] {
    const keys: string[] = [];
    let cursor: string | null = null;
    do {
      const page: store.KeyResponse = this.#call('keys', '', () => this.#bucket.listKeys(cursor));
      keys.push(...page.keys);
      cursor = page.cursor;
    } while (cursor !== null);
    return keys;
  }

  #call<Value>(verb: string, key: string, call: () => Value): Value {
    return hostCall(`kv.${verb}("${this.#namespace}/${key}")`, call);
  }
}
