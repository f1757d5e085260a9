import { fileURLToPath } from 'node:url';

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/sites/${name}`, import.meta.url));

/** The simulated compound that runs where no site file is given, and what no meter of it tells. */
export const COMPOUND_FILE = fixture('compound.yaml');
export const COMPOUND_FACTS_FILE = fixture('compound.facts.yaml');
export const SEED = 20_260;
