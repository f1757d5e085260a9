import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { readQuantities } from '../../../collectors/import/index.ts';
import { documentHash, MAX_DOCUMENT_BYTES } from '../../../pipeline/facts/documents.ts';
import type { ImportQuantitiesOptions } from '../../../pipeline/index.ts';
import { documentAnswerSchema, quantityAnswerSchema } from '../../../pipeline/index.ts';
import { sitePerTest } from '../../support/site-per-test.ts';
import { SITE, smallRegistry } from '../../support/small-site.ts';

const openSite = sitePerTest();

const HEAD = 'institution,month,kind,use,quantity,unit,document';
const MARCH = { name: '三月 bill.pdf', bytes: Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 255, 10]) };
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function site() {
  const open = await openSite(smallRegistry([{ point: 'p' }], { institutions: ['a'] }), '2026-06-15');
  const { rules } = open.service;
  return {
    rules,
    books: open.books,
    keep: (document: { readonly name: string; readonly bytes: Uint8Array } = MARCH, by = 'wang') =>
      rules.keepDocument(SITE, document, by),
    take: async (rows: readonly string[], options: Partial<ImportQuantitiesOptions> = {}) =>
      rules.importQuantities(SITE, await readQuantities(Buffer.from([HEAD, ...rows].join('\n')), 'bills.csv'), {
        by: 'wang',
        commit: true,
        ...options,
      }),
    documents: async () =>
      (await rules.quantities({ site: SITE })).map((one) => quantityAnswerSchema.parse(one).document),
  };
}

describe('a document behind quantities', () => {
  it('comes back byte for byte, by the SHA-256 that the quantity names', async () => {
    const { keep, take, rules } = await site();
    const kept = await keep();
    expect(documentAnswerSchema.parse(kept)).toMatchObject({ name: MARCH.name, bytes: 7, by: 'wang' });
    await take([`a,2026-03,coal,heating,1.5,t,${MARCH.name}`], { documents: { [MARCH.name]: kept.sha256 } });
    const [row] = await rules.quantities({ site: SITE });
    expect(row?.document).toEqual({ name: MARCH.name, sha256: hashOf(MARCH.bytes) });
    const { content, document } = await rules.document(SITE, row?.document?.sha256 ?? '');
    expect(Buffer.from(content)).toEqual(MARCH.bytes);
    expect(document).toEqual(kept);
  });

  it('handed in twice is one, and keeps who was first', async () => {
    const { keep, books } = await site();
    const first = await keep();
    expect(await keep({ ...MARCH, name: 'copy.pdf' }, 'li')).toEqual(first);
    expect(await books.db.selectFrom('document').select('sha256').execute()).toHaveLength(1);
  });

  it('is that of rows which name none where it is the only one', async () => {
    const { keep, take, documents } = await site();
    const { sha256 } = await keep();
    await take(['a,2026-01,coal,heating,1,t,', 'a,2026-02,coal,heating,2,t,other.pdf'], {
      documents: { [MARCH.name]: sha256 },
    });
    expect(await documents()).toEqual([
      { name: MARCH.name, sha256 },
      { name: 'other.pdf', sha256: null },
    ]);
  });

  it('can follow later: the same file again gives rows their document and changes nothing else', async () => {
    const { keep, take, documents, rules } = await site();
    const rows = [`a,2026-03,coal,heating,1.5,t,${MARCH.name}`];
    await take(rows);
    expect(await documents()).toEqual([{ name: MARCH.name, sha256: null }]);
    const [before] = await rules.quantities({ site: SITE });
    const { sha256 } = await keep();
    const options = { documents: { [MARCH.name]: sha256 } };
    expect(await take(rows, options)).toMatchObject({ added: 0, unchanged: 1, attached: 1 });
    const [after] = await rules.quantities({ site: SITE });
    expect(after).toEqual({ ...before, document: { name: MARCH.name, sha256 } });
    expect(await take(rows, options)).toMatchObject({ unchanged: 1, attached: 0 });
  });

  it('among several that no row names is refused, and so is one that was never handed in', async () => {
    const { keep, take, documents } = await site();
    const { sha256 } = await keep();
    const rows = [`a,2026-03,coal,heating,1.5,t,${MARCH.name}`];
    await expect(take(rows, { documents: { [MARCH.name]: sha256, 'x.pdf': sha256 } })).rejects.toMatchObject({
      code: 'DOCUMENT_UNNAMED',
      place: 'x.pdf',
    });
    await expect(take(rows, { documents: { [MARCH.name]: 'ab'.repeat(32) } })).rejects.toMatchObject({
      code: 'DOCUMENT_UNKNOWN',
    });
    expect(await documents()).toEqual([]);
  });

  it('that the books have not, or no longer as it was, is not given back', async () => {
    const { keep, rules, books } = await site();
    await expect(rules.document(SITE, 'ab'.repeat(32))).rejects.toMatchObject({ code: 'DOCUMENT_UNKNOWN' });
    const { sha256 } = await keep();
    await sql`update document set content = '\\x00'`.execute(books.db);
    await expect(rules.document(SITE, sha256)).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
  });

  it.each([
    ['an empty file', { name: 'a.pdf', bytes: new Uint8Array() }],
    ['more than 20 MB', { name: 'a.pdf', bytes: new Uint8Array(MAX_DOCUMENT_BYTES + 1) }],
    ['a name with a folder', { name: '../a.pdf', bytes: MARCH.bytes }],
    ['no name', { name: ' ', bytes: MARCH.bytes }],
  ])('is refused: %s', (_, document) => {
    expect(() => documentHash(document)).toThrowError(expect.objectContaining({ code: 'DOCUMENT_REFUSED' }));
  });

  it('has the SHA-256 of its bytes whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), (bytes) => {
        expect(documentHash({ name: 'a', bytes })).toBe(hashOf(bytes));
      }),
    );
  });
});
