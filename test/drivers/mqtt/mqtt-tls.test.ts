import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManualClock } from '../../../drivers/simulated/manual-clock.ts';
import { makeIdentity } from './certificates.ts';
import { collect, isUp, openSite, send, until } from './mqtt-cases.ts';
import { type RecordingBroker, startRecordingBroker } from './recording-broker.ts';

const test = suite('drivers/mqtt: mqtts');

const folder = mkdtempSync(join(tmpdir(), 'mqtts-'));
const authority = makeIdentity('Site Authority');
const stranger = makeIdentity('Another Authority');
const local = { issuer: authority, dnsNames: ['localhost'], ipv4: ['127.0.0.1'] };
const server = makeIdentity('broker', local);
const gateway = makeIdentity('gateway', { issuer: authority });
const impostor = makeIdentity('gateway', { issuer: stranger });

test.after(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(text: string): string {
  files += 1;
  const file = join(folder, `${files}.pem`);
  writeFileSync(file, text);
  return file;
}

const caFile = fileOf(authority.certificate);
const strangersFile = fileOf(stranger.certificate);
const credentialsFile = fileOf('roof\nsecret-word\n');

function startTls(identity = server, more: { readonly mutual?: boolean } = {}) {
  const client = { requestCert: true, rejectUnauthorized: true, ca: authority.certificate };
  const own = { cert: identity.certificate, key: identity.key };
  return startRecordingBroker({ tls: { ...own, ...(more.mutual === true && client) } });
}

function openTls(
  broker: RecordingBroker,
  tls: { readonly caFile: string | null; readonly identity?: typeof server },
  more: { readonly host?: string; readonly clock?: ManualClock } = {},
) {
  const { host = '127.0.0.1', clock } = more;
  const { identity } = tls;
  return openSite(broker.port, clock === undefined ? {} : { clock }, {
    url: `mqtts://${host}:${broker.port}`,
    credentialsFile,
    tls: {
      caFile: tls.caFile,
      certificateFile: identity === undefined ? null : fileOf(identity.certificate),
      keyFile: identity === undefined ? null : fileOf(identity.key),
    },
  });
}

for (const host of ['127.0.0.1', 'localhost']) {
  test(`the right authority: messages go both ways, by ${host}`, async () => {
    const broker = await startTls();
    const { mqtt } = openTls(broker, { caFile }, { host });
    try {
      await until('it is up', () => isUp(mqtt));
      const seen = collect(mqtt, 'a/b');
      await until('it is subscribed', () => broker.subscribed().length === 1);
      send(mqtt, 'a/b', 'x'.repeat(100_000));
      await until('it comes back', () => seen.messages.length === 1);
      assert.is(seen.texts()[0]?.length, 100_000);
      assert.match(broker.clients[0] ?? '', / roof secret-word$/);
    } finally {
      await mqtt.close();
      await broker.close();
    }
  });
}

interface Refusal {
  readonly what: string;
  readonly code: string;
  readonly broker: () => Promise<RecordingBroker>;
  readonly open: (broker: RecordingBroker) => ReturnType<typeof openTls>;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'an authority that did not sign for the broker',
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    broker: () => startTls(),
    open: broker => openTls(broker, { caFile: strangersFile }),
  },
  {
    what: 'no authority but those of the system',
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    broker: () => startTls(),
    open: broker => openTls(broker, { caFile: null }),
  },
  {
    what: 'a certificate that signed itself',
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    broker: () => startTls(makeIdentity('broker', { ipv4: ['127.0.0.1'] })),
    open: broker => openTls(broker, { caFile }),
  },
  {
    what: 'a certificate for another host',
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    broker: () => startTls(makeIdentity('b', { issuer: authority, dnsNames: ['other.example'] })),
    open: broker => openTls(broker, { caFile }),
  },
  {
    what: 'a certificate of yesterday',
    code: 'CERT_HAS_EXPIRED',
    broker: () => startTls(makeIdentity('broker', { ...local, expired: true })),
    open: broker => openTls(broker, { caFile }),
  },
  {
    what: 'a broker in the clear',
    code: 'ECONNRESET',
    broker: () => startRecordingBroker(),
    open: broker => openTls(broker, { caFile }),
  },
  {
    what: 'a file of the authority that is not there',
    code: 'ENOENT',
    broker: () => startTls(),
    open: broker => openTls(broker, { caFile: join(folder, 'none.pem') }),
  },
];

for (const { what, code, broker: startIt, open } of REFUSALS) {
  test(`${what} is refused with ${code}, before anything secret is said`, async () => {
    const broker = await startIt();
    const { mqtt, lines } = open(broker);
    try {
      send(mqtt, 'a/b', 'precious');
      await until('it is refused', () => mqtt.connections()[0]?.lastError !== null);
      const [state] = mqtt.connections();
      assert.ok(state?.lastError?.includes(code), state?.lastError ?? '');
      assert.is(state?.connected, false);
      assert.is(state?.queued, 1);
      assert.ok(lines[0]?.includes(code), lines.join('\n'));
      assert.equal(broker.clients, []);
    } finally {
      await mqtt.close();
      await broker.close();
    }
  });
}

test('a broker that wants a certificate lets ours in, and none or an impostor not', async () => {
  const broker = await startTls(server, { mutual: true });
  const ours = openTls(broker, { caFile, identity: gateway });
  const none = openTls(broker, { caFile });
  const wrong = openTls(broker, { caFile, identity: impostor });
  try {
    await until('ours is up', () => isUp(ours.mqtt));
    for (const { mqtt } of [none, wrong]) {
      await until('the other is refused', () => mqtt.connections()[0]?.lastError !== null);
      assert.is(isUp(mqtt), false);
    }
    assert.is(broker.clients.length, 1);
  } finally {
    for (const { mqtt } of [ours, none, wrong]) await mqtt.close();
    await broker.close();
  }
});

test('the right file in the place of a wrong one needs no restart', async () => {
  const broker = await startTls();
  const clock = new ManualClock();
  const file = fileOf(stranger.certificate);
  const { mqtt } = openTls(broker, { caFile: file }, { clock });
  try {
    send(mqtt, 'a/b', 'kept');
    await until('it is refused', () => mqtt.connections()[0]?.lastError !== null);
    writeFileSync(file, authority.certificate);
    await until('it is up', () => {
      clock.advance(1_000);
      return isUp(mqtt);
    });
    await until('what was kept is delivered', () => mqtt.connections()[0]?.queued === 0);
    assert.is(mqtt.connections()[0]?.lastError, null);
  } finally {
    await mqtt.close();
    await broker.close();
  }
});

test.run();
