/**
 * Paths of a release role: which controllers its keys may sign for.
 *
 * `ctl/pump/*` is the controller `pump` with its parts, `ctl/pump-*` every controller whose name
 * begins with `pump-`, `ctl/*` every controller. A path always covers the parts too.
 */

/** Characters of a path. */
export const PATH_CHARACTERS_MAX = 72;

const PATH = /^ctl\/(?:\*|[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:-?\*|\/\*))$/;

/** Whether a text is a path in its one spelling. */
export function isPath(text: string): boolean {
  return text.length <= PATH_CHARACTERS_MAX && PATH.test(text);
}

/** Whether a path covers the controller of a name, and with it its parts. */
export function pathCovers(path: string, controller: string): boolean {
  const body = path.slice('ctl/'.length);
  if (body.endsWith('/*')) return body.slice(0, -'/*'.length) === controller;
  return controller.startsWith(body.slice(0, -'*'.length));
}
