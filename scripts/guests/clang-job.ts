/** What the compiler's process is asked to do: files of a virtual folder, arguments, a result. */
export interface ClangJob {
  readonly name: string;
  /** Interfaces that the guest exports, by full name. */
  readonly exports: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly output: string;
}

/** What it answers, one line of JSON for each job. */
export type ClangAnswer =
  | { readonly name: string; readonly ok: true; readonly base64: string }
  | { readonly name: string; readonly ok: false; readonly message: string };
