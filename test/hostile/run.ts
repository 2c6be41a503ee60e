/**
 * `npm run test:hostile`: holds every hostile kind of the catalogue against a real gateway with an
 * innocent controller beside it. For each: the gateway and its component-host go on, the neighbour
 * is prompt, memory is bounded, the culprit is named, ends as configured and is in the audit.
 */
import process from 'node:process';
import * as assert from 'uvu/assert';
import { errorMessage } from '../../runtime/base/errors.ts';
import { formatTotals } from '../../scripts/test/verdict.ts';
import type { GatewayUnderTest } from '../gateway/gateway-under-test.ts';
import { seededRandom } from '../linker/seeded-random.ts';
import { CATALOG } from './catalog.ts';
import { Judge } from './judge.ts';
import { HEATER, type HostileKind } from './kind.ts';
import { BYTES_MAX, MemoryWatch, type Role } from './memory-watch.ts';
import { Neighbour, PROMPT_MS, rank } from './neighbour.ts';
import { readOptions, type SuiteOptions, USAGE } from './options.ts';
import { type Round, roundsOf } from './rounds.ts';
import { Releases, startSite } from './site.ts';

const MIB = 1024 * 1024;
const OUTPUT_SHOWN_CHARS = 3_000;
/** A stalled machine is no slow neighbour: the next kinds show whether it is one. */
const SLOW_ROW_MAX = 3;

class HostileRun {
  readonly totals = { passed: 0, failed: 0, skipped: 0 };
  readonly #gateway: GatewayUnderTest;
  readonly #releases: Releases;
  readonly #judge: Judge;
  readonly #neighbour: Neighbour;
  readonly #memory: MemoryWatch;
  readonly #roundTrips: number[] = [];
  readonly #peak = new Map<Role, number>();
  readonly #suspects = new Map<HostileKind, string>();
  #slowInARow = 0;

  constructor(gateway: GatewayUnderTest) {
    this.#gateway = gateway;
    this.#releases = new Releases(gateway);
    this.#judge = new Judge(gateway, this.#releases);
    this.#neighbour = new Neighbour(gateway);
    this.#memory = new MemoryWatch(gateway);
  }

  /**
   * Holds kinds against the gateway until the time is over. A machine that stands still for
   * seconds lets deadlines pass that nobody missed: what fails is tried once more, alone.
   */
  async hold(kinds: readonly HostileKind[], { seed, budgetMs }: SuiteOptions): Promise<void> {
    const random = seededRandom(seed);
    await this.#gateway.install(await this.#releases.with([]));
    await this.#rounds(roundsOf(kinds, random), budgetMs);
    const again = [...this.#suspects.keys()];
    for (const kind of again) await this.#rounds(roundsOf([kind], random), budgetMs);
    for (const [kind, why] of this.#suspects) {
      this.totals.failed += 1;
      say(`FAIL  ${kind.section}: ${kind.name}  ${why}`);
    }
    this.#memory.close();
  }

  /** Prints figures over all kinds. */
  summary(): void {
    const [median, p99] = [rank(this.#roundTrips, 0.5), rank(this.#roundTrips, 0.99)];
    say(
      `neighbour: ${this.#roundTrips.length} round trips, median ${median.toFixed(1)} ms, ` +
        `p99 ${p99.toFixed(1)} ms`,
    );
    const sizes = [...this.#peak].map(([role, bytes]) => `${role} ${mib(bytes)}`);
    say(`memory at most: ${sizes.join(', ')}`);
  }

  async #rounds(rounds: readonly Round[], budgetMs: number): Promise<void> {
    for (const round of rounds) {
      if (performance.now() < budgetMs) await this.#round(round);
      else for (const kind of kindsOf(round)) this.#skip(kind);
    }
  }

  async #round(round: Round): Promise<void> {
    if (round.how === 'offer') {
      await this.#kind(round.kind, () => this.#judge.offered(round.kind));
    } else if (round.how === 'trial') {
      await this.#kind(round.kind, () => this.#judge.tried(round.kind));
    } else {
      await this.#release(round);
    }
  }

  async #release({ culprits }: Extract<Round, { how: 'release' }>): Promise<void> {
    try {
      await this.#gateway.install(await this.#releases.with(culprits));
    } catch (error) {
      for (const { kind } of culprits) this.#suspect(kind, `its release: ${errorMessage(error)}`);
      return;
    }
    for (const culprit of culprits) {
      if (culprit.kind.stop.at === 'replacement') continue;
      await this.#kind(culprit.kind, () => this.#judge.told(culprit));
    }
    await this.#judge.begin();
    await this.#gateway.install(await this.#releases.with([]));
    for (const { kind } of culprits) {
      if (kind.stop.at !== 'replacement') continue;
      await this.#kind(kind, () => this.#judge.replaced(kind), false);
    }
  }

  async #kind(kind: HostileKind, task: () => Promise<void>, fresh = true): Promise<void> {
    const startedMs = performance.now();
    this.#memory.takePeak();
    let outcome = '';
    try {
      const before = await this.#gateway.status();
      if (fresh) await this.#judge.begin();
      this.#neighbour.begin();
      let roundTrips: readonly number[];
      try {
        await task();
      } finally {
        roundTrips = await this.#neighbour.end();
      }
      this.#requirePrompt(roundTrips);
      this.#requireBounded();
      await this.#requireUnharmed(before.host.pid, before.uptimeMs);
      await this.#requireSafe(kind);
      const median = rank(roundTrips, 0.5).toFixed(1);
      outcome = `neighbour ${median} ms of ${roundTrips.length}`;
    } catch (error) {
      this.#suspect(kind, errorMessage(error));
      return;
    }
    this.totals.passed += 1;
    this.#suspects.delete(kind);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    say(`ok    ${kind.section}: ${kind.name}  ${kind.stop.at}, ${seconds} s, ${outcome}`);
  }

  #requirePrompt(roundTrips: readonly number[]): void {
    this.#roundTrips.push(...roundTrips);
    this.#slowInARow = rank(roundTrips, 0.5) > PROMPT_MS ? this.#slowInARow + 1 : 0;
    const all = roundTrips.map(each => each.toFixed(0)).join(', ');
    assert.ok(this.#slowInARow < SLOW_ROW_MAX, `the neighbour is slow: ${all} ms`);
  }

  #requireBounded(): void {
    for (const [role, bytes] of this.#memory.takePeak()) {
      this.#peak.set(role, Math.max(this.#peak.get(role) ?? 0, bytes));
      assert.ok(bytes <= BYTES_MAX[role], `${role} has ${mib(bytes)}`);
    }
  }

  /** Only who goes on may leave an output on. */
  async #requireSafe({ stop, grants }: HostileKind): Promise<void> {
    if (stop.at === 'bounds' || !grants?.includes(HEATER)) return;
    assert.is(await this.#gateway.line('heater'), 'inactive', 'its output is safe');
  }

  async #requireUnharmed(hostPid: number | null, uptimeMs: number): Promise<void> {
    const { host, uptimeMs: now, controllers } = await this.#gateway.status();
    assert.is(host.pid, hostPid, 'component-host is the process that it was');
    assert.ok(now > uptimeMs, 'gatewayd was not restarted');
    const relay = controllers.find(({ name }) => name === 'relay');
    assert.is(relay?.state, 'running', 'the neighbour runs');
    assert.is(relay?.restarts, 0, 'the neighbour was left alone');
  }

  #suspect(kind: HostileKind, why: string): void {
    this.#suspects.set(kind, why);
    say(`AGAIN ${kind.section}: ${kind.name}  ${why}`);
    say(this.#gateway.output().slice(-OUTPUT_SHOWN_CHARS));
  }

  #skip(kind: HostileKind): void {
    if (this.#suspects.has(kind)) return;
    say(`not run, the budget is used up: ${kind.section}: ${kind.name}`);
  }
}

function kindsOf(round: Round): readonly HostileKind[] {
  return round.how === 'release' ? round.culprits.map(({ kind }) => kind) : [round.kind];
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chosen({ only }: SuiteOptions): readonly HostileKind[] {
  if (only.length === 0) return CATALOG;
  return CATALOG.filter(({ name, section }) =>
    only.some(part => name.includes(part) || section.includes(part)),
  );
}

async function main(options: SuiteOptions): Promise<void> {
  const kinds = chosen(options);
  if (options.list) {
    for (const { section, name, stop } of kinds) say(`${section}: ${name}  ${stop.at}`);
    return;
  }
  say(`seed ${options.seed}, ${kinds.length} kinds`);
  const gateway = await startSite();
  try {
    const run = new HostileRun(gateway);
    await run.hold(kinds, options);
    run.summary();
    say(formatTotals(run.totals));
    if (run.totals.failed > 0 || run.totals.passed === 0) process.exitCode = 1;
  } finally {
    await gateway.close();
  }
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n${USAGE}\n`);
  process.exitCode = 1;
}
