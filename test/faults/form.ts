import { availableParallelism, loadavg } from 'node:os';

/** The short form runs with all tests; `npm run faults -- R1 --long` runs the long one. */
const LONG = process.env['CIVICMETER_FAULTS'] === 'long';

/** One figure for either form. */
export const inForm = <T>(short: T, long: T): T => (LONG ? long : short);

/** Of the soak. */
export const MINUTES = Number(process.env['CIVICMETER_FAULTS_MINUTES'] ?? inForm(0.5, 120));

export const SEED = Number(process.env['CIVICMETER_FAULTS_SEED'] ?? 1);

/** The promised time; four times as much where others keep the machine busy, so that the figure in the verdict says more than the test. */
export const patience = (ms: number): number => ((loadavg()[0] ?? 0) > 3 * availableParallelism() ? 4 * ms : ms);

/** Of every verdict. */
export const clean = { verdict: 'ok', lost: 0, invented: 0, doubleCounted: 0, linesDiffering: 0, hoursDiffering: 0 };
