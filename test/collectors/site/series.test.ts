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
