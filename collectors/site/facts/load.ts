import { configError, type Registry, type SiteFacts } from '#domain';
import { listOf } from '../problem.ts';
import { readTextFile } from '../text-file.ts';
import { checkFacts } from './check.ts';

/** Reads and checks a facts file. Throws FACTS_UNREADABLE, or FACTS_INVALID whose message lists every problem, one a line, in English. */
export function loadFacts(file: string, registry?: Registry): SiteFacts {
  const checked = checkFacts(
    readTextFile(file, (...why) => configError('FACTS_UNREADABLE', ...why)),
    { file, registry },
  );
  if (!('problems' in checked)) return checked.facts;
  const { problems } = checked;
  throw configError('FACTS_INVALID', `the facts file has ${listOf(problems)}`, {
    place: file,
    cure: `correct them; civicmeter apply ${file} --dry-run shows what is left`,
    context: { problems: problems.length },
  });
}
