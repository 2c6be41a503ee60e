/** A file or folder that a confined process sees, read-only. */
export interface ReadOnlyBind {
  /** On the machine; links are followed. */
  readonly source: string;
  /** Where the process finds it. */
  readonly target: string;
}

/** What a process in namespaces of its own is started with. */
export interface NamespaceOptions {
  readonly bwrap: string;
  /** All that there is to see. */
  readonly binds: readonly ReadOnlyBind[];
  readonly folder: string;
  /** Where the seccomp program is read from; null without one. */
  readonly seccompFd: number | null;
}

/**
 * Returns the words in front of a command that give it namespaces of its own: no process but its
 * own, no network, and a file system of nothing but `binds`, read-only. Descriptors go through.
 */
export function namespaceWords(options: NamespaceOptions): readonly string[] {
  const { bwrap, binds, folder, seccompFd } = options;
  return [
    bwrap,
    '--unshare-all',
    // Signals to a process group reach into every namespace: it must not share the gateway's.
    '--new-session',
    '--die-with-parent',
    ...['--cap-drop', 'ALL'],
    // Node keeps a descriptor of it in reserve, or of the root where there is none.
    ...['--dev-bind', '/dev/null', '/dev/null'],
    ...binds.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--remount-ro', '/'],
    ...['--chdir', folder],
    ...(seccompFd === null ? [] : ['--seccomp', String(seccompFd)]),
    '--',
  ];
}
