import { join } from 'node:path';

/** On the disk of the checkout, because an fsync to a folder in memory costs nothing. */
export const CACHE = join(import.meta.dirname, '../../node_modules/.cache/civicmeter-bench');
