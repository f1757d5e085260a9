import type { StormOutcome } from '../../support/modbus-storm.ts';

/** Polls of each transport: 200,000 over the three; more by CIVICMETER_STORM_POLLS=1000000. */
export const POLLS = Number(process.env['CIVICMETER_STORM_POLLS'] ?? 67_000);
export const CALMS = 20;
/** A million polls take as long as they take. */
export const LONGEST_MS = 240_000 + POLLS * 3;
/** Of each kind of fault so many must have struck in ten thousand polls. */
const STRIKES = 5;

/** What a storm has shown that must not be, or has not shown that must; `kinds`: of faults that must have struck. */
export function flawsOf(outcome: StormOutcome, polls: number, kinds: number): readonly string[] {
  process.stderr.write(`${JSON.stringify(outcome)}\n`);
  const rare = Object.entries(outcome.faults).filter(([, times]) => times < (polls / 10_000) * STRIKES);
  const struck = Object.keys(outcome.faults).length;
  return [
    ...(outcome.misattributed > 0 ? [`${outcome.misattributed} values of other registers`] : []),
    ...outcome.notReadAgain.map((what) => `not read again within a round: ${what}`),
    ...(outcome.polls < polls ? [`only ${outcome.polls} polls`] : []),
    ...(outcome.values < outcome.polls * 2.5 ? [`only ${outcome.values} values`] : []),
    ...(outcome.foreign === 0 ? ['no foreign unit was noticed'] : []),
    ...(struck === kinds ? [] : [`${struck} kinds of faults instead of ${kinds}`]),
    ...rare.map(([name, times]) => `"${name}" struck only ${times} times`),
  ];
}
