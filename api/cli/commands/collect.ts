import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { configError, requestError } from '#domain';
import { loadSite } from '../../../collectors/site/index.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import type { Destination } from '../wiring/delivery.ts';
import { siteModels } from '../wiring/models.ts';
import { noArgs } from './common.ts';
import { brokersOf, KAFKA_OPTIONS, kafkaInput } from './kafka.ts';

const WHEN_FULL = ['wait', 'go-on'] as const;

const inputSchema = z.strictObject({
  args: noArgs,
  site: z.string(),
  centre: z.url({ protocol: /^https$/ }).optional(),
  keyFile: z.string().optional(),
  ca: z.string().optional(),
  drainRate: z.coerce.number().int().min(1).max(100_000).default(500),
  whenFull: z.enum(WHEN_FULL).default('wait'),
  ...kafkaInput,
});

export const collect = command({
  name: 'collect',
  summary: {
    zh: '采集角色（网关）：读表、落盘缓存、送往中心或 Kafka',
    en: 'role of a gateway: reads the meters, keeps frames on disk, sends them to the centre or to Kafka',
  },
  options: [
    { flags: '--site <file>', text: { zh: '站点文件（YAML）', en: 'site file (YAML)' } },
    {
      flags: '--centre <url>',
      text: { zh: '中心接收端，如 https://centre:8443', en: 'intake of the centre, such as https://centre:8443' },
    },
    {
      flags: '--key-file <file>',
      text: { zh: '密钥文件，由中心 keys create 建立', en: 'file with the key that the centre made by keys create' },
    },
    {
      flags: '--ca <file>',
      text: {
        zh: '中心证书的签发机构（PEM），自建机构时需要',
        en: 'authority of the centre’s certificate (PEM), where it is your own',
      },
    },
    {
      flags: '--drain-rate <n>',
      text: {
        zh: '断线后补传积压的速率，帧每秒，默认 500；实时数据优先',
        en: 'frames per second of what waited while the line was down, 500 by default; live ones go first',
      },
    },
    {
      flags: '--when-full <wait|go-on>',
      text: {
        zh: '磁盘满时：wait 停读等待（默认）；go-on 继续读，存不下的计数并告警',
        en: 'while the disk is full: wait stops reading (default); go-on reads on, and counts and reports what cannot be kept',
      },
    },
    ...KAFKA_OPTIONS,
  ],
  examples: [
    {
      command: 'civicmeter collect --site site.yaml --centre https://centre:8443 --key-file gateway.key --ca ca.pem',
      text: { zh: '网关，经 HTTPS 送往中心', en: 'a gateway, to the centre over HTTPS' },
    },
    {
      command: 'civicmeter collect --site site.yaml --kafka kafka:9092',
      text: { zh: '网关，直接写入 Kafka', en: 'a gateway, straight into Kafka' },
    },
  ],
  input: inputSchema,
  run: async (cli, input) => {
    const site = loadSite(input.site, siteModels({ data: cli.data, site: input.site }));
    const destination = destinationOf(cli, input);
    const { runCollect } = await import('../wiring/collect.ts');
    const { drainRate, whenFull } = input;
    await runCollect(cli, { site, destination, drainRate, whenFull });
    return 0;
  },
});

/** Throws DESTINATION_AMBIGUOUS, KEY_FILE_NEEDED, KEY_FILE_INVALID, CA_FILE_INVALID, KAFKA_NOT_NAMED. */
function destinationOf(cli: Cli, input: z.infer<typeof inputSchema>): Destination {
  const { centre, keyFile, ca } = input;
  if (centre === undefined) return { kind: 'kafka', brokers: brokersOf(cli, input), partitions: input.partitions };
  if (input.kafka !== undefined) {
    throw requestError('DESTINATION_AMBIGUOUS', 'frames go to the centre or to Kafka, not to both', {
      place: '--centre, --kafka',
      cure: 'name one of them',
    });
  }
  if (keyFile === undefined) {
    throw requestError('KEY_FILE_NEEDED', 'the centre takes frames with a key only', {
      place: '--key-file',
      cure: 'make one at the centre with civicmeter keys create, and name its file',
    });
  }
  return { kind: 'centre', url: centre, key: keyIn(keyFile), ca: ca === undefined ? undefined : authorityIn(ca) };
}

function keyIn(file: string): string {
  const text = textOf(file)?.trim() ?? '';
  if (/^cmk_[0-9a-f]{8}_[\w-]{43}$/.test(text)) return text;
  throw configError('KEY_FILE_INVALID', `the file holds no key of a gateway, or cannot be read: ${file}`, {
    place: '--key-file',
    cure: 'name the file that civicmeter keys create has written, readable by this user',
  });
}

function authorityIn(file: string): string {
  const text = textOf(file);
  if (text?.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw configError('CA_FILE_INVALID', `the file holds no certificate, or cannot be read: ${file}`, {
    place: '--ca',
    cure: 'name the PEM file of the authority that signed the certificate of the centre',
  });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
