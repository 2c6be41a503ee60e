/** Bytes in a page of linear memory (WebAssembly core specification, 4.2.8). */
export const PAGE_BYTES = 65_536;
