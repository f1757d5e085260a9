import { describe, expect, it } from 'vitest';
import type { App } from '../../../api/http/context.ts';
import { appOf, appOfFile } from './setup.ts';

const { app } = appOfFile();

describe('a write', () => {
  const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
    app().inject({ method: 'POST', url, payload, headers: { host: 'localhost:8400', ...headers } });
  const reset = {
    by: '李明',
    reason: '断电',
    event: { kind: 'reset', device: 'dev-p-hall', register: 'e1', at: '2026-03-05T08:00' },
  };

  it.each([
    [
      '/events',
      { by: 'w\0', reason: 'x', event: { kind: 'exclude', device: 'd', register: 'e', from: '2026', to: '2026' } },
    ],
    [
      '/events',
      { by: 'w', reason: 'x', event: { kind: 'replacement', point: 'p-hall', at: '2026-03-05', serial: '\ud800' } },
    ],
    ['/closes', { by: 'w', reason: 'x\0', month: '2026-02' }],
    ['/factors/confirmations', { row: 'a/b', by: 'w', text: '\0' }],
  ])('a NUL or half a character, which the books cannot keep, is refused by %s', async (url, body) => {
    const answer = await post(`/api/v1${url}`, body);
    expect(answer.json()).toMatchObject({ status: 400, code: 'REQUEST_INVALID', detail: expect.stringMatching(/NUL/) });
  });

  it('of an event that needs a second person stays proposed until another name confirms', async () => {
    const recorded = await post('/api/v1/events', reset);
    expect(recorded.statusCode).toBe(201);
    const { id, state, event, claimed } = recorded.json<{
      id: number;
      state: string;
      event: object;
      claimed: boolean;
    }>();
    expect({ state, event, claimed }).toEqual({
      state: 'proposed',
      claimed: true,
      event: { kind: 'reset', device: 'dev-p-hall', register: 'e1', at: '2026-03-05T08:00:00+08:00' },
    });
    const same = await post(`/api/v1/events/${id}/confirm`, { by: '李明' });
    expect([same.statusCode, same.json<{ code: string }>().code]).toEqual([409, 'SAME_PERSON']);
    const other = await post(`/api/v1/events/${id}/confirm`, { by: '王芳' });
    expect(other.json()).toMatchObject({ state: 'active', confirmedBy: '王芳' });
  });

  it('closes a month under a version', async () => {
    const answer = await post('/api/v1/closes', { month: '2026-02', by: '李明', reason: '月结' });
    expect(answer.json()).toMatchObject({ month: '2026-02', version: 1 });
    expect((await post('/api/v1/closes', { month: '2026-19', by: 'x', reason: 'y' })).json()).toMatchObject({
      code: 'MONTH_INVALID',
    });
  });

  it.each([
    [{ origin: 'http://evil.example' }, 403],
    [{ origin: 'http://localhost:9999' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'http://localhost:8400', 'sec-fetch-site': 'same-origin' }, 201],
  ])('is taken from its own page or a tool only: %j', async (headers, status) => {
    expect((await post('/api/v1/events', reset, headers)).statusCode).toBe(status);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'text/csv'])('refuses %s', async (type) => {
    const answer = await app().inject({
      method: 'POST',
      url: '/api/v1/events',
      payload: JSON.stringify(reset),
      headers: { host: 'localhost', 'content-type': type },
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([415, 'CONTENT_TYPE_REFUSED']);
  });

  it('refuses a body that is too large, and one that is not JSON', async () => {
    const large = await post('/api/v1/events', { by: 'x'.repeat(400_000) });
    expect(large.statusCode).toBe(413);
    expect(large.json()).toMatchObject({
      code: 'BODY_TOO_LARGE',
      detail: expect.stringMatching(/larger than the \d+ KB/),
    });
    const broken = await app().inject({
      method: 'POST',
      url: '/api/v1/events',
      payload: '{"by":',
      headers: { host: 'localhost', 'content-type': 'application/json' },
    });
    expect([broken.statusCode, broken.json<{ code: string }>().code]).toEqual([400, 'REQUEST_INVALID']);
  });
});

describe('an import', () => {
  const send = (one: App, query: string, type = 'text/csv') =>
    one.inject({
      method: 'POST',
      url: `/api/v1/imports?${query}`,
      payload: Buffer.from('register,time,value\n'),
      headers: { host: 'localhost', 'content-type': type },
    });

  it('hands the file to the owner of the spool, and writes only when told to', async () => {
    const seen: unknown[] = [];
    const importing = await appOf({
      importReadings: async (upload) => {
        seen.push({ ...upload, bytes: Buffer.from(upload.bytes).toString() });
        return {
          site: upload.site,
          fileName: upload.fileName,
          committed: upload.commit,
          form: 'long',
          rows: 0,
          readings: 0,
          duplicates: 0,
          blanks: 0,
          refused: [],
          registers: [],
        };
      },
    });
    expect((await send(importing, 'filename=a.csv')).json()).toMatchObject({ committed: false });
    expect((await send(importing, 'filename=a.csv&commit=true', 'application/octet-stream')).json()).toMatchObject({
      committed: true,
    });
    expect(seen).toEqual(
      [false, true].map((commit) => ({ site: 'compound', fileName: 'a.csv', bytes: 'register,time,value\n', commit })),
    );
    expect((await send(importing, 'filename=../a.csv')).statusCode).toBe(400);
    expect((await send(importing, 'filename=a.exe')).statusCode).toBe(400);
    await importing.close();
  });

  it('is refused where the process has no spool', async () => {
    expect((await send(app(), 'filename=a.csv')).json()).toMatchObject({ code: 'IMPORT_NOT_HERE', status: 409 });
  });
});
