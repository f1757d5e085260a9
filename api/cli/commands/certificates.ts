import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { CertificateFacts, ListedCertificate } from '../../../collectors/opcua/index.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { present } from '../output/present.ts';
import { certificatesSchema, movedCertificateSchema, renewedCertificateSchema } from '../shapes-opcua.ts';
import { filesOf } from '../wiring/data-folder.ts';
import { noArgs } from './common.ts';

/** Loaded when it is asked for: the library behind it is large. */
const opcUa = () => import('../../../collectors/opcua/index.ts');
const folderOf = (cli: Cli): string => resolve(filesOf(cli.data).certificates);
const OWN = 'own/certs/client_certificate.pem';
const iso = (at: number): string => new Date(at).toISOString();
const dayOf = (at: number): string => iso(at).slice(0, 10);

const factsOf = ({ validFrom, validTo, ...facts }: CertificateFacts, now: number) => ({
  thumbprint: facts.thumbprint,
  sha256: facts.sha256,
  subject: facts.subject,
  issuer: facts.issuer,
  from: iso(validFrom),
  to: iso(validTo),
  valid: validFrom <= now && now < validTo,
  applicationUri: facts.applicationUri,
  hosts: facts.hosts,
});

const STATES = {
  own: { zh: '本机', en: 'own' },
  trusted: { zh: '已信任', en: 'trusted' },
  rejected: { zh: '未信任', en: 'rejected' },
  issuers: { zh: '签发者', en: 'issuer' },
} as const;

export const certificatesList = command({
  name: 'certificates list',
  summary: {
    zh: 'OPC UA 证书：本机的、已信任的、未信任的，附指纹与来源服务器',
    en: 'certificates of OPC UA: our own, the trusted and the rejected ones, with thumbprint and server',
  },
  options: [],
  examples: [
    {
      command: 'civicmeter certificates list',
      text: { zh: '与服务器上显示的指纹核对后再信任', en: 'compare the thumbprint with the one that the server shows' },
    },
  ],
  answer: certificatesSchema,
  csv: true,
  input: z.strictObject({ args: noArgs }),
  run: async (cli) => {
    const folder = folderOf(cli);
    const now = cli.io.clock.now();
    const { own, trusted, rejected, issuers } = await (await opcUa()).listCertificates(folder);
    const listed = (all: readonly ListedCertificate[]) =>
      all.map(({ server, seenAt, ...facts }) => ({
        ...factsOf(facts, now),
        server,
        seenAt: seenAt === null ? null : iso(seenAt),
      }));
    const rows = (
      state: keyof typeof STATES,
      all: readonly (CertificateFacts & { readonly server?: string | null })[],
    ) =>
      all.map((one) => [
        cli.say(STATES[state]),
        one.thumbprint,
        one.subject,
        `${dayOf(one.validFrom)} – ${dayOf(one.validTo)}${one.validTo <= now ? (cli.language === 'zh' ? '（已过期）' : ' (expired)') : ''}`,
        one.server ?? '',
      ]);
    const headings =
      cli.language === 'zh'
        ? ['状态', '指纹', '主体', '有效期', '服务器']
        : ['state', 'thumbprint', 'subject', 'valid', 'server'];
    present(
      cli,
      {
        folder,
        own: own ? { ...factsOf(own, now), file: join(folder, OWN) } : null,
        trusted: listed(trusted),
        rejected: listed(rejected),
        issuers: listed(issuers),
      },
      {
        sheet: {
          columns: headings.map((heading) => ({ heading })),
          rows: [
            ...rows('own', own ? [own] : []),
            ...rows('trusted', trusted),
            ...rows('rejected', rejected),
            ...rows('issuers', issuers),
          ],
        },
        text: own
          ? cli.language === 'zh'
            ? `本机证书文件：${join(folder, OWN)}`
            : `file of our own: ${join(folder, OWN)}`
          : cli.language === 'zh'
            ? '还没有本机证书：首次连接时或用 civicmeter certificates renew 生成。'
            : 'There is no certificate of our own yet: the first connection makes it, or civicmeter certificates renew.',
      },
    );
    return 0;
  },
});

const THUMBPRINT = [
  { name: '<thumbprint>', text: { zh: '指纹，或其开头', en: 'thumbprint, or its beginning' } },
] as const;

export const certificatesTrust = command({
  name: 'certificates trust',
  summary: {
    zh: '信任一个服务器证书（先核对指纹）',
    en: 'trusts the certificate of a server (compare the thumbprint first)',
  },
  args: THUMBPRINT,
  options: [],
  examples: [
    {
      command: 'civicmeter certificates trust 3FA94C',
      text: { zh: '下次连接即生效', en: 'holds from the next attempt to connect on' },
    },
  ],
  answer: movedCertificateSchema,
  input: z.strictObject({ args: z.tuple([z.string().min(1)]) }),
  run: async (cli, { args: [wanted] }) =>
    moved(cli, await (await opcUa()).trustCertificate(folderOf(cli), wanted), true),
});

export const certificatesReject = command({
  name: 'certificates reject',
  summary: { zh: '不再信任一个服务器证书', en: 'takes the trust in the certificate of a server back' },
  args: THUMBPRINT,
  options: [],
  examples: [
    {
      command: 'civicmeter certificates reject 3FA94C',
      text: { zh: '已打开的会话到中断为止', en: 'a session that is open goes on until it breaks' },
    },
  ],
  answer: movedCertificateSchema,
  input: z.strictObject({ args: z.tuple([z.string().min(1)]) }),
  run: async (cli, { args: [wanted] }) =>
    moved(cli, await (await opcUa()).rejectCertificate(folderOf(cli), wanted), false),
});

function moved(cli: Cli, facts: CertificateFacts, trusted: boolean): number {
  const { thumbprint, subject } = facts;
  const text =
    cli.language === 'zh'
      ? `${trusted ? '已信任' : '已取消信任'} ${thumbprint}（${subject}）。`
      : `${thumbprint} (${subject}) is ${trusted ? 'trusted' : 'no longer trusted'}.`;
  present(cli, { ...factsOf(facts, cli.io.clock.now()), trusted }, { text });
  return 0;
}

export const certificatesRenew = command({
  name: 'certificates renew',
  summary: {
    zh: '生成新的本机 OPC UA 证书（密钥不变），旧的留档',
    en: 'makes a new OPC UA certificate of our own for the same key, and keeps the old one',
  },
  options: [],
  examples: [
    {
      command: 'civicmeter certificates renew',
      text: { zh: '之后让每台服务器信任新证书', en: 'then let every server trust the new one' },
    },
  ],
  answer: renewedCertificateSchema,
  input: z.strictObject({ args: noArgs }),
  run: async (cli) => {
    const folder = folderOf(cli);
    const now = cli.io.clock.now();
    const facts = await (await opcUa()).renewCertificate(folder, now);
    const file = join(folder, OWN);
    const text =
      cli.language === 'zh'
        ? `新证书 ${facts.thumbprint}，有效至 ${dayOf(facts.validTo)}：${file}\n请在每台 OPC UA 服务器上信任它。`
        : `new certificate ${facts.thumbprint}, valid to ${dayOf(facts.validTo)}: ${file}\nLet every OPC UA server trust it.`;
    present(cli, { ...factsOf(facts, now), file }, { text });
    return 0;
  },
});

export const CERTIFICATE_COMMANDS = [certificatesList, certificatesTrust, certificatesReject, certificatesRenew];
