import { describe, expect, it } from 'vitest';
import { temperatureAnswerSchema } from '../../../pipeline/answers-facts.ts';
import {
  baselineAnswerSchema,
  convertAnswerSchema,
  costsAnswerSchema,
  decomposeAnswerSchema,
  factorMovesSchema,
  factorsAnswerSchema,
  indicatorsAnswerSchema,
  judgeAnswerSchema,
  targetsAnswerSchema,
} from '../../../pipeline/answers-rules.ts';
import { appOfFile } from './setup.ts';

const { app, get } = appOfFile();

describe('what the rules say, by API', () => {
  it.each([
    ['/api/v1/institutions/centre/indicators?year=2026', indicatorsAnswerSchema],
    ['/api/v1/institutions/centre/judgement?year=2025&packs=shandong,gbt-51161', judgeAnswerSchema],
    ['/api/v1/institutions/centre/targets?year=2026', targetsAnswerSchema],
    ['/api/v1/institutions/centre/costs?year=2026', costsAnswerSchema],
    ['/api/v1/baseline?institution=centre&carrier=electricity&period=2025&reporting=2026', baselineAnswerSchema],
    ['/api/v1/baseline?carrier=heat&period=2025', baselineAnswerSchema],
    ['/api/v1/temperature?period=2026-03&series=lanzhou', temperatureAnswerSchema],
    ['/api/v1/factors/moves', factorMovesSchema],
    ['/api/v1/factors?kind=electricity-co2&region=620000', factorsAnswerSchema],
    ['/api/v1/convert?carrier=electricity&quantity=1000&unit=kWh&year=2024&region=620000', convertAnswerSchema],
  ] as const)('%s has the shape of the command line', async (url, schema) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(200);
    expect(schema.safeParse(answer.json()).error).toBeUndefined();
  });

  it('refuses what the calculator does not know, with place and cure', async () => {
    const answer = await get('/api/v1/convert?carrier=electricity&quantity=1&unit=furlong&year=2024');
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'UNIT_UNKNOWN', place: 'unit', cure: expect.stringContaining('kWh') });
  });

  it('divides a total target among holders as the command line does, and refuses what does not hold by its place', async () => {
    const holders = [
      { id: 'city', base: 1000 },
      { id: 'a', parent: 'city', base: '600' },
      { id: 'b', parent: 'city', base: 300 },
    ];
    const post = (payload: object) =>
      app().inject({ method: 'POST', url: '/api/v1/targets/decompose', headers: { host: 'localhost' }, payload });
    const body = { target: { value: 950.5, unit: 'tce', year: 2030 }, holders };
    const answer = await post(body);
    expect(answer.statusCode).toBe(200);
    expect(decomposeAnswerSchema.parse(answer.json()).parts.map(({ id, target }) => [id, target])).toEqual([
      ['city', 950.5],
      ['a', 570.3],
      ['b', 285.15],
    ]);
    const wrong = await post({ ...body, holders: [...holders, { id: 'c', parent: 'x' }] });
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json()).toMatchObject({ code: 'DECOMPOSITION_INVALID', place: 'holders[3]' });
    expect((await post({ ...body, target: { value: 1 } })).statusCode).toBe(400);
  });

  it('takes quantities as rows, and refuses a column that there is not', async () => {
    const row = { institution: 'centre', month: '2026-02', kind: 'petrol', quantity: '120', unit: 'L' };
    const post = (rows: readonly object[]) =>
      app().inject({
        method: 'POST',
        url: '/api/v1/quantities',
        headers: { host: 'localhost' },
        payload: { by: 'wang', name: 'fuel cards', commit: true, rows },
      });
    const taken = await post([row]);
    expect(taken.statusCode).toBe(200);
    expect(taken.json()).toMatchObject({ rows: 1, committed: true, file: 'fuel cards' });
    expect((await post([{ ...row, colour: 'red' }])).statusCode).toBe(400);
  });

  it('takes temperatures as rows with their source, and refuses them without', async () => {
    const rows = [{ time: '2026-03-01', temperature: '-3.5', unit: '°C' }];
    const post = (payload: object) =>
      app().inject({ method: 'POST', url: '/api/v1/temperature', headers: { host: 'localhost' }, payload });
    const body = { series: 'lanzhou', source: 'Lanzhou 52889', by: 'wang', name: 'station', commit: true, rows };
    const taken = await post(body);
    expect(taken.statusCode).toBe(200);
    expect(taken.json()).toMatchObject({ series: 'lanzhou', rows: 1, committed: true });
    const { source: _, ...unnamed } = body;
    expect((await post(unnamed)).statusCode).toBe(400);
  });

  it('takes a document as the body, and gives one back as a file that no browser opens as a page', async () => {
    const headers = { host: 'localhost', 'content-type': 'application/pdf' };
    const post = (payload: Buffer, filename: string) =>
      app().inject({
        method: 'POST',
        url: `/api/v1/documents?by=wang&filename=${encodeURIComponent(filename)}`,
        headers,
        payload,
      });
    const kept = await post(Buffer.from('%PDF'), '三月.pdf');
    expect(kept.statusCode).toBe(201);
    expect(kept.json()).toMatchObject({ name: '三月.pdf', bytes: 4, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const large = await post(Buffer.alloc(20 * 1024 * 1024 + 1), 'large.pdf');
    expect(large.statusCode).toBe(413);
    const back = await get(`/api/v1/documents/${'ab'.repeat(32)}`);
    expect(back.statusCode).toBe(200);
    expect(back.rawPayload).toEqual(Buffer.from('%PDF'));
    expect(back.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''%E4%B8%89%E6%9C%88%20bill.pdf",
      'x-content-type-options': 'nosniff',
    });
  });

  it('writes the template, lists quantities and takes the confirmation of a row', async () => {
    const template = await get('/api/v1/quantities/template?year=2026');
    expect(template.statusCode).toBe(200);
    expect(template.rawPayload.subarray(0, 2).toString()).toBe('PK');
    expect(template.headers['content-disposition']).toMatch(/2026\.xlsx$/);
    expect((await get('/api/v1/quantities?year=2026')).json()).toMatchObject({ quantities: [] });
    const nobody = await get('/api/v1/quantities?year=2026&institution=nobody');
    expect([nobody.statusCode, nobody.json()]).toEqual([404, expect.objectContaining({ code: 'INSTITUTION_UNKNOWN' })]);
    expect((await get('/api/v1/factors/confirmations')).json()).toEqual({ items: [] });
    const confirm = (payload: object) =>
      app().inject({ method: 'POST', url: '/api/v1/factors/confirmations', headers: { host: 'localhost' }, payload });
    const word = { row: 'coal/national-statistics-coal-kg', by: 'li', text: 'GB/T 2589-2020, table A.1' };
    const confirmed = await confirm(word);
    expect(confirmed.statusCode).toBe(201);
    expect(confirmed.json()).toMatchObject({ ...word, stands: true });
    expect((await confirm({ ...word, text: '' })).statusCode).toBe(400);
  });
});
