import { isReleaseRole, type Root, roleOf } from '../trust/root.ts';
import { CliError } from './errors.ts';

/**
 * Returns the root with no other release role than `name`, so that this one has to vouch; the root
 * as it is for undefined.
 * @throws CliError `CLI_USAGE` where it has no such release role
 */
export function rootOfRole(root: Root, name: string | undefined): Root {
  if (name === undefined) return root;
  const role = roleOf(root, name);
  if (role !== null && isReleaseRole(role)) {
    return { ...root, roles: root.roles.filter(one => one === role || !isReleaseRole(one)) };
  }
  const known = root.roles.filter(isReleaseRole).map(one => one.name);
  throw new CliError('CLI_USAGE', `root ${root.version} has no release role ${name}`, {
    fix: `give one of ${known.join(', ')}`,
  });
}
