import { expect, it } from 'vitest';
import { brief } from '../../support/sites.ts';

it('a headcount or an area of 0 is refused: nothing can be divided by it', () => {
  const text = `site: { id: s, name: S }
institutions:
  - { id: a, name: A, headcount: 0, area: 100 }
  - { id: b, name: B, headcount: 3, area: [{ from: 2025-01-01, value: 0 m2 }] }
`;
  expect(brief(text)).toEqual(['3:34 COUNT_ZERO', '4:71 COUNT_ZERO']);
});

it('a comma stands between groups of three digits; 3200,5 m² are not 32,005', () => {
  const text = `site: { id: s, name: S }
institutions:
  - { id: a, name: A, area: "3,200 m2", headcount: "1,234,567" }
  - { id: b, name: B, area: "3200,5 m2", headcount: "84,5" }
  - { id: c, name: C, area: "3200,567 m2", headcount: "0,840" }
points:
  - id: p
    name: P
    carrier: electricity
    role: main
    institution: a
    meters: [{ serial: "1", unit: kWh, rating: { power: "12,5 kW" } }]
  - id: w
    name: W
    carrier: water
    role: main
    institution: a
    meters: [{ serial: "2", unit: m3, rating: { flow: "1,600 m3/h" } }]
`;
  expect(brief(text)).toEqual([
    '4:29 COUNT_INVALID',
    '4:53 COUNT_INVALID',
    '5:29 COUNT_INVALID',
    '5:55 COUNT_INVALID',
    '12:57 RATIO_INVALID',
  ]);
});
