export { createOpcUaCollector, createOpcUaCollectors } from './collector.ts';
