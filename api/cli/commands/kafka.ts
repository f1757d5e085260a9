import { z } from 'zod';
import { configError } from '#domain';
import type { OptionSpec } from '../command.ts';
import type { Cli } from '../context.ts';

export const KAFKA_OPTIONS: readonly OptionSpec[] = [
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

export const kafkaInput = {
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
