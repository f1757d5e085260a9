export { parseColumnMap } from './header.ts';
export * from './outcome.ts';
export { readQuantities, readQuantitiesFile } from './quantities.ts';
export { namingOf } from './registers.ts';
export { type ImportOptions, readReadings, readReadingsFile } from './read.ts';
export { readTemperatures, readTemperaturesFile } from './temperature.ts';
export { readHoldersFile } from './holders.ts';
