import { readdirSync, readlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startTestHost } from './support/test-host.ts';

const test = suite('components/host-walls');
const SLOTS = 4;
const DESCRIPTORS_BEFORE_SLOTS = 4;
const fixture = startTestHost({ slots: SLOTS, workerEntry: 'probe-worker-entry' });

test.after(() => fixture.close());

test('JavaScript in a worker reaches no file, process, socket, library or worker', async () => {
  let message = '';
  try {
    await fixture.activate();
  } catch (error) {
    message = error instanceof Error ? error.message : '';
  }
  assert.match(message, /^trapped: /);
  assert.equal(JSON.parse(message.slice('trapped: '.length)), {
    files: 'ERR_ACCESS_DENIED',
    ownMemory: 'ERR_ACCESS_DENIED',
    sqlite: 'ABSENT',
    ffi: 'ABSENT',
    spawn: 'ERR_ACCESS_DENIED',
    addon: 'ERR_DLOPEN_DISABLED',
    worker: 'ERR_ACCESS_DENIED',
    workerWithoutFlags: 'ERR_ACCESS_DENIED',
    workerFromData: 'ERR_ACCESS_DENIED',
    socket: 'ERR_ACCESS_DENIED',
    environment: 'empty',
  });
});

test('the host process holds its own sockets and nothing else', () => {
  const { pid } = fixture.host.status();
  const folder = `/proc/${pid}/fd`;
  const links = new Map(
    readdirSync(folder).map(name => [Number(name), readlinkSync(`${folder}/${name}`)]),
  );
  assert.is(links.get(0), '/dev/null');
  const slotsEnd = DESCRIPTORS_BEFORE_SLOTS + 2 * SLOTS;
  for (let fd = 1; fd < slotsEnd; fd++) assert.match(links.get(fd) ?? '', /^socket:/, `fd ${fd}`);
  for (const [fd, target] of links) {
    if (fd < slotsEnd) continue;
    // What the event loops of its threads are made of; no file, no other socket.
    assert.match(
      target,
      /^(anon_inode:\[(eventpoll|eventfd|io_uring)\]|pipe:\[\d+\]|\/dev\/null)$/,
    );
  }
});

test.run();
