import { expect, test } from 'vitest';
import { adjustmentRow } from '../../../../api/cli/commands/close.ts';
import { faceUnitOf } from '../../../../api/cli/commands/findings.ts';
import { compoundRegistry } from '../../../support/compound-books.ts';

test('an adjustment of a closed month stands in the unit that people read, and names it', () => {
  const adjustment = {
    month: '2026-10',
    version: 1,
    subject: 'office',
    carrier: 'electricity',
    old: 15_041_850,
    new: 30_083_700,
    difference: 15_041_850,
    reason: 'events 1',
    at: '2026-11-30T00:00:00+08:00',
  } as const;
  expect(adjustmentRow(({ zh }) => zh, adjustment)).toEqual([
    '2026-10',
    '1',
    'office 电',
    '15041.85',
    '30083.7',
    '15041.85',
    'kWh',
    '2026-11-30T00:00:00+08:00',
    'events 1',
  ]);
});

test('a finding tells the unit of its face values', () => {
  const unitOf = faceUnitOf(compoundRegistry());
  expect(unitOf({ device: 'water-main', register: 'v1' })).toBe('L');
  expect(unitOf({ device: 'pulses', register: 'c0' })).toBe('count');
  expect(unitOf({ device: 'gone', register: 'e1' })).toBe('');
});
