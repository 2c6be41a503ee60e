import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../runtime/base/errors.ts';
import { requireInDate } from '../../runtime/manifest/in-date.ts';
import { formatInstant, parseInstant } from '../../runtime/manifest/instant.ts';
import { fakeComponent, testController, testRelease } from './support/signed-release.ts';

const test = suite('manifest/in-date');

const RELEASE = testRelease(testController('pump', fakeComponent(300, 1)));

test('a release is installed up to the second before its use-before, and not from it on', () => {
  const dated = { ...RELEASE, useBeforeS: 1_800_000_000 };
  for (const nowS of [0, 1_799_999_999]) requireInDate(dated, nowS);
  for (const nowS of [1_800_000_000, 1_800_000_001, 253_402_300_799]) {
    assert.throws(
      () => requireInDate(dated, nowS),
      (error: unknown) => errorCode(error) === 'POLICY_EXPIRED',
    );
  }
});

test('a release without use-before is in date whatever the clock says', () => {
  requireInDate(RELEASE, 253_402_300_799);
});

test('a moment has an offset and whole seconds, and is a real one', () => {
  assert.is(parseInstant('1970-01-01T00:00:00Z'), 0);
  assert.is(parseInstant('2027-01-31T13:00:00+01:00'), parseInstant('2027-01-31T12:00:00Z'));
  assert.is(parseInstant('2027-01-31T06:30:00-05:30'), parseInstant('2027-01-31T12:00:00Z'));
  assert.is(parseInstant('2028-02-29 12:00:00.000Z'), parseInstant('2028-02-29T12:00:00Z'));
  assert.is(parseInstant('9999-12-31T23:59:59Z'), 253_402_300_799);
  for (const text of [
    '',
    '2027-01-31',
    '2027-01-31T12:00:00',
    '2027-01-31T12:00:00.5Z',
    '2027-02-29T12:00:00Z',
    '2027-13-01T12:00:00Z',
    '2027-01-31T24:00:00Z',
    '2027-01-31T12:00:60Z',
    '2027-01-31T12:00:00+24:00',
    '2027-01-31T12:00:00+01:60',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+12027-01-31T12:00:00Z',
    'tomorrow',
  ]) {
    assert.throws(() => parseInstant(text), /is not a moment/, text);
  }
});

test('any moment is read as it is written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), instantS => {
      assert.is(parseInstant(formatInstant(instantS)), instantS);
    }),
  );
});

test.run();
