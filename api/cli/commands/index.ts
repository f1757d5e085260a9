import type { LocalText } from '#domain';
import type { CommandSpec } from '../command.ts';
import { apply } from './apply.ts';
import { backup, restore } from './backup.ts';
import { baseline } from './baseline.ts';
import { browse } from './browse.ts';
import { CERTIFICATE_COMMANDS } from './certificates.ts';
import { check } from './check.ts';
import { close } from './close.ts';
import { convert } from './convert.ts';
import { costs } from './costs.ts';
import { devices } from './devices.ts';
import { devicesCheck } from './devices-check.ts';
import { EVENT_COMMANDS } from './event.ts';
import { factorMoves } from './factor-moves.ts';
import { confirmRow, factors } from './factors.ts';
import { findings } from './findings.ts';
import { importQuantities, importTemplate } from './import-quantities.ts';
import { importReadings } from './import-readings.ts';
import { importTemperature } from './import-temperature.ts';
import { indicators } from './indicators.ts';
import { judge } from './judge.ts';
import { plan } from './plan.ts';
import { probe } from './probe.ts';
import { document, quantities } from './quantities.ts';
import { quarantineList, quarantineReplay } from './quarantine.ts';
import { read } from './read.ts';
import { reconcile } from './reconcile.ts';
import { registers } from './registers.ts';
import { collect } from './collect.ts';
import { historianRebuild } from './historian.ts';
import { KEY_COMMANDS } from './keys.ts';
import { serve, stream } from './roles.ts';
import { simulate } from './simulate.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { targets } from './targets.ts';
import { targetsDecompose } from './targets-decompose.ts';
import { temperature } from './temperature.ts';
import { trace } from './trace.ts';
import { usage } from './usage.ts';

export const GROUPS: Readonly<Record<string, LocalText>> = {
  certificates: { zh: 'OPC UA 证书与信任', en: 'certificates of OPC UA, and whom we trust' },
  event: {
    zh: '表计事件：更换、归零、变比、排除、采信',
    en: 'meter events: replacement, reset, multiplier, exclude, admit',
  },
  historian: { zh: '时序库', en: 'historian' },
  keys: { zh: '网关密钥', en: 'keys of gateways' },
  import: { zh: '导入文件', en: 'import files' },
  quarantine: { zh: '隔离区：未被采纳的读数及其原因', en: 'quarantine: readings that were refused, and why' },
};

/** In the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  start,
  usage,
  trace,
  status,
  findings,
  indicators,
  judge,
  targets,
  targetsDecompose,
  baseline,
  temperature,
  costs,
  convert,
  factors,
  confirmRow,
  factorMoves,
  reconcile,
  check,
  plan,
  probe,
  read,
  apply,
  registers,
  devices,
  devicesCheck,
  browse,
  ...CERTIFICATE_COMMANDS,
  importReadings,
  importQuantities,
  importTemplate,
  quantities,
  document,
  importTemperature,
  ...EVENT_COMMANDS,
  quarantineList,
  quarantineReplay,
  close,
  backup,
  restore,
  simulate,
  collect,
  stream,
  serve,
  ...KEY_COMMANDS,
  historianRebuild,
];
