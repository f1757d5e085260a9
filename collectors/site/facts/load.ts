import { readFileSync } from 'node:fs';
import { configError, type Registry, type SiteFacts } from '#domain';
import { listOf } from '../problem.ts';
import { checkFacts } from './check.ts';

/** Reads and checks a facts file. Throws FACTS_UNREADABLE, or FACTS_INVALID whose message lists every problem, one a line, in English. */
export function loadFacts(file: string, registry?: Registry): SiteFacts {
  const checked = checkFacts(readText(file), { file, registry });
  if (!('problems' in checked)) return checked.facts;
  const { problems } = checked;
  throw configError('FACTS_INVALID', `the facts file has ${listOf(problems)}`, {
    place: file,
    cure: `correct them; civicmeter apply ${file} --dry-run shows what is left`,
    context: { problems: problems.length },
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw configError('FACTS_UNREADABLE', `the facts file cannot be read: ${file}`, {
      place: file,
      cure: 'check its name and that it may be read',
      cause,
    });
  }
}
