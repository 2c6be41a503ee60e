import type { Wall } from '../ports/component-host.ts';

/**
 * Returns the walls that only the kernel can vouch for, from `/proc/PID/status` of the host
 * process. An empty text makes them `unknown`.
 */
export function kernelWalls(status: string, gatewayUid: number | undefined): readonly Wall[] {
  const uid = field(status, 'Uid')?.split(/\s+/)[0];
  const noNewPrivileges = field(status, 'NoNewPrivs');
  const capabilities = field(status, 'CapEff');
  return [
    wall(
      'own-uid',
      uid,
      text => text !== String(gatewayUid),
      text => `runs as uid ${text}`,
    ),
    wall(
      'no-new-privileges',
      noNewPrivileges,
      text => text === '1',
      text => `NoNewPrivs is ${text}`,
    ),
    wall(
      'no-capabilities',
      capabilities,
      text => /^0+$/.test(text),
      text => `CapEff is ${text}`,
    ),
    { name: 'namespaces', state: 'down', detail: 'the host shares the namespaces of the gateway' },
  ];
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.+?)\\s*$`, 'm').exec(status)?.[1];
}

function wall(
  name: string,
  value: string | undefined,
  stands: (value: string) => boolean,
  describe: (value: string) => string,
): Wall {
  if (value === undefined) return { name, state: 'unknown', detail: 'no /proc/PID/status' };
  return { name, state: stands(value) ? 'up' : 'down', detail: describe(value) };
}
