import { expect, it } from 'vitest';
import { institutionHref, institutionIn } from '../../../api/web/src/route.ts';

it('an address names an institution or shows the whole site, and never breaks the page', () => {
  expect(institutionIn(institutionHref('reform'))).toBe('reform');
  expect(institutionIn(institutionHref('a/b ü'))).toBe('a/b ü');
  expect(institutionIn('#/institution/%')).toBeUndefined();
  expect(institutionIn('')).toBeUndefined();
});
