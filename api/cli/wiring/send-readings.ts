import { basename } from 'node:path';
import { type FrameDraft, type Registry, requestError } from '#domain';
import { inRuns } from '#platform';
import { importReportSchema } from '../../http/import-port.ts';
import { askRunning } from './beside.ts';
import { plainCsv } from './importing.ts';

/** What one request brings, some six megabytes: the running program goes on between them. */
const READINGS_AT_ONCE = 100_000;

interface Sending {
  readonly frames: readonly FrameDraft[];
  readonly registry: Registry;
  readonly fileName: string;
  readonly signal: AbortSignal;
  readonly report: (done: number, total: number) => void;
}

/** Hands readings to the running program by its API. Throws IMPORT_NOT_EXACT before any is sent, IMPORT_NOT_TAKEN after all are. */
export async function sendReadings(
  address: string,
  { frames, registry, fileName, signal, report }: Sending,
): Promise<void> {
  const name = `${basename(fileName).replace(/\.[^.]*$/, '')}.csv`;
  const query = new URLSearchParams({ site: registry.site.id, filename: name, commit: 'true' });
  const files = [...inRuns(frames, READINGS_AT_ONCE, ({ r }) => r.length)].map((run) =>
    new TextEncoder().encode(plainCsv(run, registry)),
  );
  const refused: string[] = [];
  for (const [i, body] of files.entries()) {
    const answer = await askRunning(address, `/api/v1/imports?${query.toString()}`, importReportSchema, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body,
      signal,
    });
    for (const { reason, text } of answer.refused) refused.push(`${reason} (${text})`);
    report(i + 1, files.length);
  }
  if (refused.length === 0) return;
  const sent = frames.reduce((sum, { r }) => sum + r.length, 0);
  throw requestError(
    'IMPORT_NOT_TAKEN',
    `the running program refused ${refused.length} of ${sent} readings: ${refused[0]}`,
    {
      place: fileName,
      cure: 'import the file again: what was taken changes nothing',
    },
  );
}
