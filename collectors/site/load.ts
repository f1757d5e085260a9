import { configError } from '#domain';
import { type CheckedSite, checkSite } from './check.ts';
import { listOf } from './problem.ts';
import type { Models } from './scope.ts';
import { readTextFile } from './text-file.ts';

/**
 * Reads and checks a site file. Throws SITE_UNREADABLE, or SITE_INVALID whose message lists every problem, one a line,
 * in English (`civicmeter check` shows them in either language).
 */
export function loadSite(file: string, models: Models): CheckedSite {
  const checked = checkSite(
    readTextFile(file, (...why) => configError('SITE_UNREADABLE', ...why)),
    { file, ...models },
  );
  if (!('problems' in checked)) return checked;
  const { problems } = checked;
  throw configError('SITE_INVALID', `the site file has ${listOf(problems)}`, {
    place: file,
    cure: `correct them; civicmeter check ${file} shows them again`,
    context: { problems: problems.length },
  });
}
