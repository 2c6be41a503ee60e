import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PATIENT_RELAY, QUICK_RESTART } from '../gateway/culprit-cases.ts';
import { GatewayUnderTest } from '../gateway/gateway-under-test.ts';
import { type ControllerParts, signedRelease } from '../gateway/releases.ts';
import { CATALOG } from './catalog.ts';
import { bytesOf, type HostileKind } from './kind.ts';

/** Culprits of one release; each has a line of its own. */
export const CULPRITS_MAX = 8;
/** Memory of each; one page is 64 KiB. */
export const MEMORY = '8MiB';

/** What becomes of a culprit that ends: it is restarted, or it stays down at once. */
export type AfterEnd = 'restart' | 'quarantine';

/** A culprit of a release. */
export interface Culprit {
  readonly kind: HostileKind;
  readonly afterEnd: AfterEnd;
}

const DOWN_AT_ONCE = { intensity: 0 };
/** Who is to be ended by it must not take long, who floods within its bounds may. */
const DEADLINE = { short: '500ms', long: '5s' } as const;

/** Starts a gateway whose policy knows every kind and whose board has a line for each culprit. */
export function startSite(): Promise<GatewayUnderTest> {
  return GatewayUnderTest.start({
    board: text => text + places().map(lineTable).join(''),
    extra: CATALOG.map(policyTable).join(''),
  });
}

/** Builds and signs releases, each newer than the one before: the sibling and some culprits. */
export class Releases {
  readonly #gateway: GatewayUnderTest;
  #sequence = 0;

  constructor(gateway: GatewayUnderTest) {
    this.#gateway = gateway;
  }

  async with(culprits: readonly Culprit[]): Promise<Uint8Array> {
    this.#sequence += 1;
    const controllers: ControllerParts[] = [PATIENT_RELAY];
    for (const [place, culprit] of culprits.entries()) {
      controllers.push(await this.#controller(culprit, place));
    }
    const version = `1.0.${this.#sequence}`;
    const parts = { version, sequence: this.#sequence, controllers };
    return signedRelease(parts, this.#gateway.site.key);
  }

  async #controller({ kind, afterEnd }: Culprit, place: number): Promise<ControllerParts> {
    const component = join(this.#gateway.folder, `${kind.name}.wasm`);
    await writeFile(component, await bytesOf(kind));
    const { at } = kind.stop;
    return {
      name: kind.name,
      component,
      memory: MEMORY,
      deadline: at === 'bounds' ? DEADLINE.long : DEADLINE.short,
      restart: at === 'trial' || afterEnd === 'quarantine' ? DOWN_AT_ONCE : QUICK_RESTART,
      grants: [
        `gpio:line-${place}[dir=out]`,
        `mqtt:main/site/${kind.name}[sub]`,
        'mqtt:main/site/flood[pub]',
        'time:tick[>=100ms]',
        ...(kind.grants ?? []),
      ],
    };
  }
}

function places(): readonly number[] {
  return Array.from({ length: CULPRITS_MAX }, (_, place) => place);
}

function lineTable(place: number): string {
  return `\n[[line]]\nlabel = "line-${place}"\ndirection = "out"\nsafe = "inactive"\n`;
}

function policyTable({ name, grants = [] }: HostileKind): string {
  const all = [
    ...places().map(place => `gpio:line-${place}[dir=out]`),
    `mqtt:main/site/${name}[sub]`,
    'mqtt:main/site/flood[pub]',
    'time:tick[>=100ms]',
    `mem:${MEMORY}`,
    `cpu:call[<=${DEADLINE.long}]`,
    ...grants,
  ];
  return `\n[[policy]]\ncontroller = "${name}"\ngrants = ${JSON.stringify(all)}\n`;
}
