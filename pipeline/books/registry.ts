export { applyRegistry } from './registry/apply.ts';
export { holdRegistryEdition, lockRegistries, raiseRegistryEdition, registryEdition } from './registry/edition.ts';
export { diffRegistry } from './registry/plan.ts';
export { loadMeters, loadRegistry } from './registry/load.ts';
