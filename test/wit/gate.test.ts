import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSources, readWitSources } from '../../scripts/wit/sources-io.ts';
import { breakingChanges, lockOf } from '../../scripts/wit-gate.ts';
import { lockOfText } from './contract-text.ts';

const gate = suite('wit: the semver gate');

const source = (body: string, version = '0.1.0'): string => `package a:b@${version};
interface things { ${body} }
interface handler { on-thing: func(text: string); }
world all { import things; export handler; }`;

const BEFORE = source('record pair { x: u8, y: u8 } one: func(p: pair) -> u8; two: func();');
const locked = lockOfText(BEFORE);

gate('passes what did not change', () => {
  assert.equal(breakingChanges(locked, lockOfText(BEFORE)), []);
});

gate('refuses a removed function', () => {
  const present = lockOfText(source('record pair { x: u8, y: u8 } one: func(p: pair) -> u8;'));
  assert.equal(breakingChanges(locked, present), ['a:b/things@0.1.0 two was removed']);
});

gate('refuses a changed type deep in a parameter', () => {
  const present = lockOfText(
    source('record pair { x: u8, y: u16 } one: func(p: pair) -> u8; two: func();'),
  );
  assert.equal(breakingChanges(locked, present), ['a:b/things@0.1.0 one was changed']);
});

gate('refuses a renamed parameter and a changed result', () => {
  const renamed = source('record pair { x: u8, y: u8 } one: func(q: pair) -> u8; two: func();');
  const result = source('record pair { x: u8, y: u8 } one: func(p: pair) -> u16; two: func();');
  for (const text of [renamed, result]) {
    assert.is(breakingChanges(locked, lockOfText(text)).length, 1);
  }
});

gate('refuses a removed interface', () => {
  const present = lockOfText(
    'package a:b@0.1.0; interface handler { on-thing: func(text: string); }',
  );
  assert.equal(breakingChanges(locked, present), ['a:b/things@0.1.0 was removed']);
});

gate('passes an added function that guests import', () => {
  const present = lockOfText(BEFORE.replace('two: func();', 'two: func(); three: func();'));
  assert.equal(breakingChanges(locked, present), []);
});

gate('refuses an added function that guests export', () => {
  const present = lockOfText(
    BEFORE.replace('on-thing: func(text: string);', 'on-thing: func(text: string); more: func();'),
  );
  assert.is(breakingChanges(locked, present).length, 1);
});

gate('passes anything under a new version', () => {
  const present = lockOfText(source('other: func();', '0.2.0'));
  assert.equal(breakingChanges(locked, present), []);
});

gate('the committed lock allows the present contract', async () => {
  const project = join(import.meta.dirname, '../..');
  const text = await readFile(join(project, 'wit/generated/contract.lock.json'), 'utf8');
  const present = lockOf(parseSources(await readWitSources(join(project, 'wit'))));
  assert.equal(breakingChanges(JSON.parse(text), present), []);
});

gate.run();
