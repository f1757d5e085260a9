import { z } from 'zod';
import { configError } from '#domain';
import { loadSite } from '../../../collectors/site/index.ts';
import { command, type OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';
import { siteModels } from '../wiring/models.ts';
import { noArgs } from './common.ts';

const KAFKA_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--kafka <brokers>',
    text: {
      zh: 'Kafka 地址，逗号分隔；或环境变量 CIVICMETER_KAFKA',
      en: 'Kafka brokers, by comma; or CIVICMETER_KAFKA',
    },
  },
  {
    flags: '--partitions <n>',
    text: {
      zh: '主题分区数，默认 12，创建后不可更改',
      en: 'partitions of the topic, 12 by default; fixed once it is made',
    },
  },
];

const kafkaInput = {
  kafka: z.string().optional(),
  partitions: z.coerce.number().int().min(1).max(1_000).default(12),
};

export interface KafkaInput {
  readonly kafka?: string | undefined;
  readonly partitions: number;
}

/** Throws KAFKA_NOT_NAMED. */
export function brokersOf(cli: Cli, { kafka }: KafkaInput): readonly string[] {
  const text = kafka ?? cli.io.env['CIVICMETER_KAFKA'];
  const brokers = (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (brokers.length > 0) return brokers;
  throw configError('KAFKA_NOT_NAMED', 'this role needs Kafka', {
    place: '--kafka',
    cure: 'name the brokers with --kafka host:9092 or CIVICMETER_KAFKA',
  });
}

const needBooks = (cli: Cli): void => {
  if (cli.io.env['CIVICMETER_BOOKS'] !== undefined) return;
  throw configError('BOOKS_NOT_NAMED', 'this role needs the books of a PostgreSQL server', {
    place: '--books',
    cure: 'name it with --books postgres://user:password@host/civicmeter or CIVICMETER_BOOKS',
  });
};

export const collect = command({
  name: 'collect',
  summary: {
    zh: '采集角色：读表、落盘缓存、送往 Kafka',
    en: 'role: reads the meters, keeps frames on disk, sends them to Kafka',
  },
  options: [{ flags: '--site <file>', text: { zh: '站点文件（YAML）', en: 'site file (YAML)' } }, ...KAFKA_OPTIONS],
  examples: [
    { command: 'civicmeter collect --site site.yaml --kafka kafka:9092', text: { zh: '网关上', en: 'on a gateway' } },
  ],
  input: z.strictObject({ args: noArgs, site: z.string(), ...kafkaInput }),
  run: async (cli, input) => {
    const site = loadSite(input.site, siteModels({ data: cli.data, site: input.site }));
    const kafka = { brokers: brokersOf(cli, input), partitions: input.partitions };
    const { runCollect } = await import('../wiring/roles.ts');
    await runCollect(cli, site, kafka);
    return 0;
  },
});

export const stream = command({
  name: 'stream',
  summary: { zh: '流处理角色：从 Kafka 记入账簿', en: 'role: from Kafka into the books' },
  options: KAFKA_OPTIONS,
  examples: [
    {
      command: 'civicmeter stream --kafka kafka:9092 --books postgres://civicmeter@db/civicmeter',
      text: { zh: '可多开，同一消费组分担分区', en: 'as many as you like; they share the partitions' },
    },
  ],
  input: z.strictObject({ args: noArgs, ...kafkaInput }),
  run: async (cli, input) => {
    needBooks(cli);
    const kafka = { brokers: brokersOf(cli, input), partitions: input.partitions };
    const { runStream } = await import('../wiring/roles.ts');
    await runStream(cli, kafka);
    return 0;
  },
});

export const serve = command({
  name: 'serve',
  summary: { zh: '服务角色：网页与 API', en: 'role: page and API' },
  options: [
    { flags: '--port <n>', text: { zh: '端口，默认 8420（仅本机回环）', en: 'port, 8420 by default (loopback only)' } },
    ...KAFKA_OPTIONS,
  ],
  examples: [
    {
      command: 'civicmeter serve --kafka kafka:9092 --books postgres://civicmeter@db/civicmeter',
      text: { zh: '在反向代理之后', en: 'behind a proxy on the same machine' },
    },
  ],
  input: z.strictObject({
    args: noArgs,
    port: z.coerce.number().int().min(0).max(65_535).default(8420),
    ...kafkaInput,
  }),
  run: async (cli, input) => {
    needBooks(cli);
    const kafka = { brokers: brokersOf(cli, input), partitions: input.partitions };
    const { runServe } = await import('../wiring/roles.ts');
    await runServe(cli, kafka, input.port);
    return 0;
  },
});
