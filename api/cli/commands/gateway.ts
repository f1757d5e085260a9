import type { LocalText } from '#domain';
import type { CommandSpec } from '../command.ts';
import { collect } from './collect.ts';

/** What the command line of a gateway knows while it collects: see run.ts. */
export const COMMANDS: readonly CommandSpec[] = [collect];
export const GROUPS: Readonly<Record<string, LocalText>> = {};
