import { fileURLToPath } from 'node:url';

/** The simulated compound that runs where no site file is given. */
export const COMPOUND_FILE = fileURLToPath(new URL('../../../fixtures/sites/compound.yaml', import.meta.url));
export const SEED = 20_260;
