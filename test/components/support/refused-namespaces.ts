import { spawnSync } from 'node:child_process';

/**
 * A user namespace in which no further one may be made, for a process without capabilities: there
 * the kernel refuses bwrap what it needs, as hardened kernels and containers do.
 */
const REFUSING = [
  ...['unshare', '--user', '--map-root-user', 'sh', '-c'],
  'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all ' +
    '--inh-caps=-all "$@"',
  'sh',
];
/** Whether this machine can make such a process; where not, this one is such a one itself. */
const canRefuse = spawnSync(REFUSING[0] ?? '', [...REFUSING.slice(1), 'true']).status === 0;
/** Words in front of a command that is to be refused namespaces. */
export const withoutNamespaces = canRefuse ? REFUSING : ['env'];
