import { expect, it } from 'vitest';
import { eventWords, type MeterEventBody, parseRational, zoneOf } from '#domain';

const zone = zoneOf('Asia/Shanghai');
const at = Date.parse('2026-03-05T08:00:00+08:00');
const here = { device: 'a-main', register: 'e1', at };

it.each<[MeterEventBody, string, string]>([
  [
    { kind: 'replacement', point: 'p', at, final: 5_100, serial: 'S2', initial: 3, multiplier: parseRational('400/5') },
    'p：旧表止数 5100，新表 S2，起数 3，倍率 80',
    'p: the old meter ended at 5100, new meter S2, begins at 3, multiplier 80',
  ],
  [{ kind: 'replacement', point: 'p', at, serial: 'S2' }, 'p：新表 S2', 'p: new meter S2'],
  [{ kind: 'reset', ...here, final: 9, initial: 0 }, 'a-main/e1：归零前 9，归零后 0', 'a-main/e1: 9 before, 0 after'],
  [{ kind: 'reset', ...here }, 'a-main/e1', 'a-main/e1'],
  [{ kind: 'multiplier', point: 'p', from: at, multiplier: parseRational('80') }, 'p：倍率 80', 'p: multiplier 80'],
  [
    { kind: 'exclude', device: 'a-main', register: 'e1', from: at, to: at + 3_600_000 },
    'a-main/e1：至 2026-03-05T09:00:00+08:00',
    'a-main/e1: until 2026-03-05T09:00:00+08:00',
  ],
  [{ kind: 'admit', ...here, amount: 120_000 }, 'a-main/e1：用量 120000', 'a-main/e1: amount 120000'],
])('an event is said in a line of either language: %j', (body, zh, en) => {
  expect(eventWords(body, zone)).toEqual({ zh, en });
});
