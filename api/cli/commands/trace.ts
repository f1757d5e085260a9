import { z } from 'zod';
import { type TraceNode, type TraceAnswer, traceAnswerSchema } from '../../../pipeline/answers.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { CARRIER_LABELS, EVENT_LABELS, FINDING_LABELS } from '../labels.ts';
import { present } from '../output/present.ts';
import { withService } from '../wiring/service.ts';
import { nameOf, percent, siteOf } from './common.ts';
import { queryOf, SUBJECT_OPTIONS, subjectInput } from './usage.ts';

export const trace = command({
  name: 'trace',
  summary: {
    zh: '追溯一个数字：直到两次读数、倍率、事件与分摊比例',
    en: 'a figure and the tree under it, down to the pairs of readings',
  },
  options: SUBJECT_OPTIONS,
  examples: [
    {
      command: 'civicmeter trace --point p-a-main --from 2026-03',
      text: { zh: '某计量点三月用量的由来', en: "where a point's March comes from" },
    },
    {
      command: 'civicmeter trace --institution reform --carrier electricity --from 2026-03 --json',
      text: {
        zh: '某机构三月用电的由来（JSON）',
        en: "where an institution's electricity of March comes from, as JSON",
      },
    },
  ],
  answer: traceAnswerSchema,
  input: z.strictObject(subjectInput),
  run: (cli, input) =>
    withService(cli, { log: 'no' }, async ({ service }) => {
      const registry = await siteOf(service, input.site);
      const answer = await service.trace(queryOf(input, registry, 'day', cli.io.clock.now()));
      present(cli, answer, { text: treeOf(cli, answer) });
      return 0;
    }),
});

const METER_WORDS = {
  multiplier: { zh: '倍率', en: 'multiplier' },
  scale: { zh: '每字', en: 'per count' },
  modulus: { zh: '满度', en: 'modulus' },
} as const;

function treeOf(cli: Cli, answer: TraceAnswer): string {
  const title = `${nameOf(cli, answer.subject.name)} · ${cli.say(CARRIER_LABELS[answer.carrier])} · ${answer.root.from} – ${answer.root.to} · ${answer.version}`;
  return `${[title, ...nodeLines(cli, answer.root, answer.displayUnit, '', '')].join('\n')}\n`;
}

function whoOf(cli: Cli, { by, confirmedBy, claimed }: TraceNode['events'][number]): string {
  const chinese = cli.language === 'zh';
  return [
    by,
    ...(confirmedBy === null ? [] : [chinese ? `${confirmedBy} 确认` : `confirmed by ${confirmedBy}`]),
    ...(claimed ? [chinese ? '自报' : 'claimed'] : []),
  ].join(chinese ? '，' : ', ');
}

function nodeLines(cli: Cli, node: TraceNode, unit: string, lead: string, indent: string): readonly string[] {
  const sign = node.sign === -1 ? '− ' : '';
  const coverage = node.coverage === undefined ? '' : `  ${percent(node.coverage)}`;
  const details = [
    ...meterLines(cli, node),
    ...spanLines(node),
    ...node.events.map(
      (event) =>
        `! ${cli.say(EVENT_LABELS[event.kind])} ${event.at} ${cli.say(event.detail)} (${whoOf(cli, event)}; ${event.reason})`,
    ),
    ...node.findings.map(
      (finding) =>
        `? ${cli.say(FINDING_LABELS[finding.kind])} ${finding.from} – ${finding.to}: ${finding.fromValue} → ${finding.toValue}`,
    ),
  ];
  const bar = node.terms.length > 0 ? '│ ' : '  ';
  return [
    `${lead}${sign}${node.display} ${unit}${coverage}  ${cli.say(node.label)}`,
    ...details.map((line) => `${indent}${bar}${line}`),
    ...node.terms.flatMap((term, i) => {
      const last = i === node.terms.length - 1;
      return nodeLines(cli, term, unit, `${indent}${last ? '└─' : '├─'} `, `${indent}${last ? '   ' : '│  '}`);
    }),
  ];
}

const meterLines = (cli: Cli, { meter }: TraceNode): readonly string[] =>
  meter
    ? [
        `${cli.say(METER_WORDS.multiplier)} ${meter.multiplier}, ${cli.say(METER_WORDS.scale)} ${meter.scale}, ${cli.say(METER_WORDS.modulus)} ${meter.modulus ?? '–'}`,
      ]
    : [];

function spanLines({ span }: TraceNode): readonly string[] {
  if (!span) return [];
  const edge = (name: 'start' | 'end'): string => {
    const { before, after, face, exact } = span[name];
    const between = [before, after]
      .filter((reading) => reading !== null)
      .map((reading) => `${reading.value} ${reading.unit} @ ${reading.at}`);
    return `${name === 'start' ? 'a' : 'b'} = ${face}${exact ? ' ' : ` ≈ `}[${between.join(' … ')}]`;
  };
  return [edge('start'), edge('end')];
}
