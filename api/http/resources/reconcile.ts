import { z } from 'zod';
import { type ReconcileAnswer, reconcileAnswerSchema } from '../../../pipeline/answers.ts';
import { type ApiContext, type App, registryOf } from '../context.ts';
import { problems, siteKey } from '../shapes.ts';

export function reconcileRoutes(app: App, { service }: ApiContext): void {
  // one trial balance at a time and site: it reads all the books
  const running = new Map<string, Promise<ReconcileAnswer>>();
  const reconcile = (site: string, withLog: boolean): Promise<ReconcileAnswer> => {
    const key = `${site} ${withLog}`;
    const started = running.get(key) ?? service.reconcile(site, { withLog }).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
  app.get(
    '/reconcile',
    {
      schema: {
        summary: 'The trial balance: every derived figure computed again; differences must be 0',
        tags: ['ledger'],
        querystring: z.strictObject({
          ...siteKey,
          withLog: z.enum(['true', 'false']).default('false').describe('also every bracket from the retained readings'),
        }),
        response: { 200: reconcileAnswerSchema, ...problems },
      },
    },
    async ({ query }) => {
      const { site } = await registryOf(service, query.site);
      return reconcile(site.id, query.withLog === 'true');
    },
  );
}
