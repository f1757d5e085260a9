import { describe, expect, it } from 'vitest';
import { catalogueError, invariantError, storeError } from '#domain';
import type { App } from '../../../api/http/context.ts';
import { problemSchema } from '../../../api/http/problem.ts';
import { appOf, appOfFile, contextOf } from './setup.ts';

const { app, get } = appOfFile();

const routesOf = (one: App): readonly { readonly method: string; readonly url: string }[] => {
  const paths = Object.entries(one.swagger().paths ?? {});
  return paths.flatMap(([url, item]) =>
    Object.keys(item ?? {}).map((method) => ({ method: method.toUpperCase(), url })),
  );
};

describe('the routes', () => {
  it('are the ones that the OpenAPI document lists', async () => {
    const seen: string[] = [];
    // the printed tree is the router's own view of what it answers
    const tree = app().printRoutes({ commonPrefix: false, includeHooks: false });
    const stack: string[] = [];
    for (const line of tree.split('\n')) {
      const match = /^([│ ]*)(?:├──|└──) (\S*) ?(?:\(([^)]*)\))?/u.exec(line);
      if (!match) continue;
      const depth = (match[1] ?? '').length / 4;
      stack.length = depth;
      stack.push(match[2] ?? '');
      for (const method of (match[3] ?? '').split(', ').filter((m) => m !== '' && m !== 'HEAD'))
        seen.push(`${method} ${stack.join('')}`);
    }
    const listed = routesOf(app()).map(({ method, url }) => `${method} ${url.replace(/\{(\w+)\}/g, ':$1')}`);
    expect(seen.filter((one) => one !== 'GET /api/openapi.json').sort()).toEqual([...listed].sort());
    expect(listed.length).toBeGreaterThan(20);
  });

  it('are described without a dangling reference, the trace by itself', async () => {
    const document = await get('/api/openapi.json');
    const { components } = document.json<{ components: { schemas: Record<string, unknown> } }>();
    const refs = [...document.body.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(refs).toContain('#/components/schemas/TraceNode');
    expect(document.json()).toMatchObject({ openapi: '3.1.0' });
    for (const ref of refs) expect(Object.keys(components.schemas)).toContain(ref.replace('#/components/schemas/', ''));
  });

  it('refuse an unknown query key, each of them', async () => {
    for (const { method, url } of routesOf(app())) {
      const answer = await app().inject({
        method: method === 'POST' ? 'POST' : 'GET',
        url: `${url.replace('{id}', '1')}?bogus=1`,
        headers: { host: 'localhost' },
        ...(method === 'POST' ? { payload: {} } : {}),
      });
      expect([url, answer.statusCode]).toEqual([url, 400]);
      expect(answer.json()).toMatchObject({ code: 'REQUEST_INVALID' });
    }
  });

  it.each([
    '/api/v1/sites',
    '/api/v1/institutions',
    '/api/v1/points',
    '/api/v1/live',
    '/api/v1/usage?from=2026-03&by=day',
    '/api/v1/usage?institution=centre&carrier=electricity&from=2026-03&to=2026-03',
    '/api/v1/usage?register=dev-p-hall/e1&from=2026-03-05&by=hour',
    '/api/v1/usage?unallocated=true&carrier=water&from=2026&by=month',
    '/api/v1/trace?institution=market&carrier=electricity&from=2026-03',
    '/api/v1/findings',
    '/api/v1/quarantine',
    '/api/v1/events',
    '/api/v1/closes',
    '/api/v1/adjustments?month=2026-03',
    '/api/v1/reconcile',
    '/api/v1/lines',
    '/api/v1/status',
    '/health',
    '/ready',
  ])('answer %s in their own shape', async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)]);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
  });

  it.each(['/%', '/api/v1/usage%ZZ?from=2026'])('answer an address that is none, %s, by a problem', async (url) => {
    const answer = await get(url);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'REQUEST_INVALID', status: 400, instance: url }),
    ]);
  });

  it('give metrics in the text format', async () => {
    const answer = await get('/metrics');
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  });
});

describe('usage', () => {
  it('takes times as people write them, in the zone of the site, to the end of what `to` names', async () => {
    const answer = await get('/api/v1/usage?point=p-hall&from=2026-03-01&to=2026-03-02&by=day');
    const { rows, total } = answer.json<{
      rows: { from: string; to: string; amount: number }[];
      total: { amount: number };
    }>();
    expect(rows.map(({ from }) => from)).toEqual(['2026-03-01T00:00:00+08:00', '2026-03-02T00:00:00+08:00']);
    expect(rows.at(-1)?.to).toBe('2026-03-03T00:00:00+08:00');
    expect(rows.reduce((sum, { amount }) => sum + amount, 0)).toBe(total.amount);
  });

  it.each([
    ['point=p-hall&institution=centre&from=2026', 'SUBJECT_AMBIGUOUS', 400],
    ['register=nonsense&from=2026', 'SUBJECT_INVALID', 400],
    ['from=2026-13', 'TIME_INVALID', 400],
    ['from=2026-03-02&to=2026-03-01', 'PERIOD_EMPTY', 400],
    ['from=1990&to=2026&by=hour', 'PERIOD_TOO_LONG', 400],
    ['point=p-none&from=2026', 'POINT_UNKNOWN', 404],
    ['site=elsewhere&from=2026', 'SITE_UNKNOWN', 404],
    ['by=day', 'REQUEST_INVALID', 400],
  ])('answers %s with %s', async (query, code, status) => {
    const answer = await get(`/api/v1/usage?${query}`);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    const problem = problemSchema.parse(answer.json());
    expect(problem).toMatchObject({ code, status });
    expect(answer.statusCode).toBe(status);
    expect(problem.cure).toBeTruthy();
  });
});

describe('a series', () => {
  it.each([7, 1_441, 0.5])('has no windows of %f minutes, of which no day is made up', async (window) => {
    const answer = await get(`/api/v1/series?register=dev-p-hall/e1&from=2026-03-05&window=${window}`);
    expect(answer.json()).toMatchObject({
      status: 400,
      code: 'REQUEST_INVALID',
      detail: expect.stringMatching(/window/),
    });
  });
});

describe('a list', () => {
  it('is paged by cursor until there is no next', async () => {
    const kinds: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await get(`/api/v1/findings?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      const page = answer.json<{ items: { kind: string }[]; next?: string }>();
      expect(page.items.length).toBeLessThanOrEqual(2);
      kinds.push(...page.items.map(({ kind }) => kind));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(kinds).toEqual(['pending', 'break', 'outlier', 'gap', 'conflict']);
  });

  it('of findings is of a kind that the ledger finds: whether a meter is silent stands in the live values', async () => {
    expect((await get('/api/v1/findings?kind=silent')).json()).toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('of quarantined readings is of a reason that there is, and of no other', async () => {
    expect((await get('/api/v1/quarantine?reason=unknown-register')).statusCode).toBe(200);
    const typo = await get('/api/v1/quarantine?reason=unknown-regster');
    expect(typo.json()).toMatchObject({ code: 'REQUEST_INVALID', detail: expect.stringMatching(/unknown-register/) });
  });

  it('of quarantined readings is replayed for a site that there is, and no other', async () => {
    const answer = await app().inject({
      method: 'POST',
      url: '/api/v1/quarantine/replay',
      payload: { site: 'typo' },
      headers: { host: 'localhost' },
    });
    expect([answer.statusCode, answer.json()]).toEqual([404, expect.objectContaining({ code: 'SITE_UNKNOWN' })]);
  });

  it('that is mostly read is answered by 304 while it stays the same, and not otherwise', async () => {
    const first = await get('/api/v1/points');
    const tag = String(first.headers['etag']);
    expect(tag).toMatch(/^".{20,}"$/);
    const again = await get('/api/v1/points', { 'if-none-match': tag });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    expect((await get('/api/v1/points', { 'if-none-match': '"other"' })).statusCode).toBe(200);
    expect((await get('/api/v1/live')).headers['etag']).toBeUndefined();
  });
});

describe('an error', () => {
  it.each([
    [storeError('BOOKS_AWAY', 'no connection', { cure: 'start it' }), 503, 'no connection'],
    [catalogueError('FACTOR_MISSING', 'no factor', { cure: 'add it' }), 422, 'no factor'],
    [invariantError('SUM_BROKEN', 'secret detail'), 500, 'the program hit a state that must not occur'],
    [new Error('something with a password'), 500, 'the program hit a state that must not occur'],
  ])('of the pipeline becomes a problem by who must act: %s', async (error, status, detail) => {
    const context = contextOf();
    const broken = await appOf({ service: { ...context.service, points: () => Promise.reject(error) } });
    const answer = await broken.inject({ url: '/api/v1/points', headers: { host: 'localhost' } });
    expect(problemSchema.parse(answer.json())).toMatchObject({ status, detail });
    await broken.close();
  });

  it('is what an answer of a wrong shape becomes, counted once', async () => {
    const context = contextOf();
    const institutions = async () => [
      { id: 'x', name: { zh: '', en: '' }, headcount: null, areaM2: null, ended: false, more: 1 },
    ];
    const broken = await appOf({ telemetry: context.telemetry, service: { ...context.service, institutions } });
    const answer = await broken.inject({ url: '/api/v1/institutions', headers: { host: 'localhost' } });
    expect(answer.statusCode).toBe(500);
    expect(await context.telemetry.counts()).toEqual({ 'civicmeter_request_failed_total{code="UNEXPECTED"}': 1 });
    await broken.close();
  });
});
