import { en } from './text-en.ts';
import { type Text, zh } from './text-zh.ts';

export type { Text } from './text-zh.ts';
export type Language = 'zh' | 'en';

export const TEXTS: Readonly<Record<Language, Text>> = { zh, en };
