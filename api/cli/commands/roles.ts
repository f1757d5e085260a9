import { z } from 'zod';
import { configError } from '#domain';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { noArgs } from './common.ts';
import { brokersOf, KAFKA_OPTIONS, kafkaInput } from './kafka.ts';
import { INTAKE_OPTIONS, intakeInput, intakePlaceOf } from './intake.ts';

const needBooks = (cli: Cli): void => {
  if (cli.io.env['CIVICMETER_BOOKS'] !== undefined) return;
  throw configError('BOOKS_NOT_NAMED', 'this role needs the books of a PostgreSQL server', {
    place: '--books',
    cure: 'name it with --books postgres://user:password@host/civicmeter or CIVICMETER_BOOKS',
  });
};

export const stream = command({
  name: 'stream',
  summary: { zh: '流处理角色：从 Kafka 记入账簿', en: 'role: from Kafka into the books' },
  options: [
    {
      flags: '--hot-rows <n>',
      text: {
        zh: '每个分区在内存中保留的表计日数，默认 20000；每个约 2.8 kB',
        en: 'days of meters kept in memory for each partition, 20,000 by default; some 2.8 kB each',
      },
    },
    ...KAFKA_OPTIONS,
  ],
  examples: [
    {
      command: 'civicmeter stream --kafka kafka:9092 --books postgres://civicmeter@db/civicmeter',
      text: { zh: '可多开，同一消费组分担分区', en: 'as many as you like; they share the partitions' },
    },
  ],
  input: z.strictObject({
    args: noArgs,
    hotRows: z.coerce.number().int().min(100).max(10_000_000).default(20_000),
    ...kafkaInput,
  }),
  run: async (cli, input) => {
    needBooks(cli);
    const kafka = { brokers: brokersOf(cli, input), partitions: input.partitions };
    const { runStream } = await import('../wiring/roles.ts');
    await runStream(cli, kafka, input.hotRows);
    return 0;
  },
});

export const serve = command({
  name: 'serve',
  summary: { zh: '服务角色：网页与 API', en: 'role: page and API' },
  options: [
    { flags: '--port <n>', text: { zh: '端口，默认 8420（仅本机回环）', en: 'port, 8420 by default (loopback only)' } },
    ...INTAKE_OPTIONS,
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
    ...intakeInput,
    ...kafkaInput,
  }),
  run: async (cli, input) => {
    needBooks(cli);
    const kafka = { brokers: brokersOf(cli, input), partitions: input.partitions };
    const { runServe } = await import('../wiring/roles.ts');
    await runServe(cli, { kafka, port: input.port, intake: intakePlaceOf(input) });
    return 0;
  },
});
