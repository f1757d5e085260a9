import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { requestError } from '#domain';
import { createKey, type IntakeKey, listKeys, revokeKey } from '../../../pipeline/index.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { present } from '../output/present.ts';
import { openFoundation } from '../wiring/foundation.ts';
import { claimInput, noArgs } from './common.ts';

const keySchema = z.strictObject({
  id: z.string(),
  site: z.string(),
  by: z.string(),
  createdAt: z.string(),
  revokedAt: z.string().nullable(),
});

const shown = ({ id, site, by, createdAt, revokedAt }: IntakeKey): z.infer<typeof keySchema> => ({
  id,
  site,
  by,
  createdAt: new Date(createdAt).toISOString(),
  revokedAt: revokedAt === null ? null : new Date(revokedAt).toISOString(),
});

type Books = Awaited<ReturnType<typeof openFoundation>>['books'];

async function withBooks(cli: Cli, work: (books: Books) => Promise<void>): Promise<number> {
  const { books, closer } = await openFoundation(cli, { create: false });
  try {
    await work(books);
    return 0;
  } finally {
    await closer.closeAll();
  }
}

const sheetOf = (cli: Cli, keys: readonly z.infer<typeof keySchema>[]) => ({
  columns: (cli.language === 'zh'
    ? ['密钥', '站点', '操作人', '建立', '吊销']
    : ['key', 'site', 'by', 'created', 'revoked']
  ).map((heading) => ({ heading })),
  rows: keys.map(({ id, site, by, createdAt, revokedAt }) => [id, site, by, createdAt, revokedAt ?? '']),
});

const keysCreate = command({
  name: 'keys create',
  summary: {
    zh: '为一个站点的网关建立密钥；密钥只写入文件，账簿只存其散列',
    en: 'makes a key for the gateway of one site; it is written to a file, the books keep only its hash',
  },
  options: [
    { flags: '--site <id>', text: { zh: '密钥所属站点', en: 'site that the key is bound to' } },
    { flags: '--out <file>', text: { zh: '写入密钥的新文件', en: 'new file for the key' } },
    { flags: '--by <name>', text: { zh: '操作人（自报，未经验证）', en: 'who does it (claimed, not proven)' } },
  ],
  examples: [
    {
      command: 'civicmeter keys create --site gz-xzzx --out gateway.key --by wang',
      text: { zh: '把该文件交给网关，然后删除', en: 'give the file to the gateway, then remove it here' },
    },
  ],
  answer: keySchema,
  input: z.strictObject({ args: noArgs, site: z.string(), out: z.string(), by: claimInput.by }),
  run: (cli, { site, out, by }) =>
    withBooks(cli, async ({ db }) => {
      const { key, text } = await createKey(db, { site, by, now: cli.io.clock.now() });
      try {
        writeFileSync(out, `${text}\n`, { mode: 0o600, flag: 'wx' });
      } catch (cause) {
        await revokeKey(db, key.id, cli.io.clock.now());
        throw requestError('FILE_NOT_WRITTEN', `the key cannot be written: ${out}`, {
          place: '--out',
          cure: 'name a file that is not there yet, in a folder that may be written; the key that was made is revoked',
          cause,
        });
      }
      present(cli, shown(key), { sheet: sheetOf(cli, [shown(key)]) });
    }),
});

const keysList = command({
  name: 'keys list',
  summary: { zh: '网关密钥：所属站点、建立与吊销时间', en: 'keys of gateways: their site, when made and revoked' },
  options: [],
  examples: [{ command: 'civicmeter keys list', text: { zh: '列出全部', en: 'all of them' } }],
  answer: z.strictObject({ keys: z.array(keySchema) }),
  csv: true,
  input: z.strictObject({ args: noArgs }),
  run: (cli) =>
    withBooks(cli, async ({ db }) => {
      const keys = (await listKeys(db)).map(shown);
      present(cli, { keys }, { sheet: sheetOf(cli, keys) });
    }),
});

const keysRevoke = command({
  name: 'keys revoke',
  args: [{ name: '<key>', text: { zh: '密钥标识，见 keys list', en: 'id of the key, see keys list' } }],
  summary: { zh: '吊销密钥，立即生效', en: 'revokes a key, at once' },
  options: [],
  examples: [{ command: 'civicmeter keys revoke 7f3a91c2', text: { zh: '网关丢失时', en: 'when a gateway is lost' } }],
  answer: keySchema,
  input: z.strictObject({ args: z.tuple([z.string()]) }),
  run: (cli, { args: [id] }) =>
    withBooks(cli, async ({ db }) => {
      const key = shown(await revokeKey(db, id, cli.io.clock.now()));
      present(cli, key, { sheet: sheetOf(cli, [key]) });
    }),
});

export const KEY_COMMANDS = [keysCreate, keysList, keysRevoke];
