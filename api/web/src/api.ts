import { useCallback, useEffect, useRef, useState } from 'react';
import type { UsageAnswer } from '../../../pipeline/answers.ts';

/** What the server says when it refuses (RFC 9457), or what stands for it when nothing came back. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly cure?: string | undefined;
}

export type Answer<T> =
  | { readonly state: 'loading'; readonly value?: T | undefined }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly problem: Problem; readonly value?: T | undefined };

export interface Asked<T> {
  readonly answer: Answer<T>;
  readonly again: () => void;
}

export type Subject =
  | { readonly kind: 'site' }
  | { readonly kind: 'unallocated' }
  | { readonly kind: 'institution' | 'point' | 'premises'; readonly id: string };

/** A figure that can be asked for and traced. */
export interface FigureRef {
  readonly site: string;
  readonly subject: Subject;
  readonly carrier: UsageAnswer['carrier'];
  readonly from: string;
  readonly to?: string | undefined;
}

const PREFIX = '/api/v1';

export function urlOf(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const text = search.toString();
  return `${PREFIX}${path}${text === '' ? '' : `?${text}`}`;
}

const subjectKeys = (subject: Subject): Readonly<Record<string, string>> => {
  if (subject.kind === 'site') return {};
  return subject.kind === 'unallocated' ? { unallocated: 'true' } : { [subject.kind]: subject.id };
};

export const figureUrl = (path: '/usage' | '/trace', ref: FigureRef, by?: string): string =>
  urlOf(path, { site: ref.site, ...subjectKeys(ref.subject), carrier: ref.carrier, from: ref.from, to: ref.to, by });

async function ask<T>(url: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(url, { signal, headers: { accept: 'application/json' } });
  const body: unknown = await response.json();
  // shapes are held by the server: every answer is checked against its schema before it is sent
  if (response.ok) return body as T;
  throw body;
}

const problemOf = (thrown: unknown): Problem =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'detail' in thrown
    ? // a problem of our own server (api/http/problem.ts)
      (thrown as Problem)
    : { code: 'NO_ANSWER', detail: String(thrown) };

const ONCE = { everyMs: 0 };

/** Asks once, and again every so often; keeps showing the last answer meanwhile. `undefined` asks nothing. */
export function useAnswer<T>(url: string | undefined, { everyMs }: { readonly everyMs: number } = ONCE): Asked<T> {
  const [held, hold] = useState<{ readonly url: string | undefined; readonly answer: Answer<T> }>({
    url,
    answer: { state: 'loading' },
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (url === undefined) return;
    const over = new AbortController();
    const load = async (): Promise<void> => {
      try {
        const value = await ask<T>(url, over.signal);
        hold({ url, answer: { state: 'ready', value } });
      } catch (thrown) {
        if (over.signal.aborted) return;
        hold((old) => ({
          url,
          answer: {
            state: 'failed',
            problem: problemOf(thrown),
            value: old.url === url ? old.answer.value : undefined,
          },
        }));
      }
    };
    void load();
    const timer = everyMs > 0 ? setInterval(() => void load(), everyMs) : undefined;
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [url, everyMs, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  return { answer: held.url === url ? held.answer : { state: 'loading' }, again };
}

const SOON_MS = 700;
const TRIES = 4;

/**
 * Several questions of one kind, by key. Answers of different moments may not belong together; then all are asked again,
 * a few times. Where one fails, those that came together before stay.
 */
export function useAnswers<T>(
  urls: Readonly<Record<string, string>>,
  everyMs: number,
  belongTogether: (values: Readonly<Record<string, T>>) => boolean = () => true,
): {
  readonly values: Readonly<Record<string, T>>;
  readonly problem: Problem | undefined;
  readonly loading: boolean;
  readonly again: () => void;
} {
  const key = JSON.stringify(urls);
  const together = useRef(belongTogether);
  together.current = belongTogether;
  const [held, hold] = useState<{ key: string; values: Record<string, T>; problem: Problem | undefined }>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const over = new AbortController();
    const take = async (): Promise<{ values: Record<string, T>; problem: Problem | undefined }> => {
      const values: Record<string, T> = {};
      let problem: Problem | undefined;
      // the effect's own key: the object is new at each rendering
      const asked = Object.entries(JSON.parse(key) as Record<string, string>);
      await Promise.all(
        asked.map(async ([name, url]) => {
          try {
            values[name] = await ask<T>(url, over.signal);
          } catch (thrown) {
            problem = problemOf(thrown);
          }
        }),
      );
      return { values, problem };
    };
    const load = async (): Promise<void> => {
      for (let tries = 1; !over.signal.aborted; tries += 1) {
        const { values, problem } = await take();
        if (over.signal.aborted) return;
        const settled = problem !== undefined || together.current(values) || tries === TRIES;
        if (settled || tries === 1) {
          hold((old) => (problem !== undefined && old?.key === key ? { ...old, problem } : { key, values, problem }));
        }
        if (settled) return;
        await new Promise((resolve) => setTimeout(resolve, SOON_MS));
      }
    };
    void load();
    const timer = setInterval(() => void load(), everyMs);
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [key, everyMs, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  const fresh = held?.key === key ? held : undefined;
  return { values: fresh?.values ?? {}, problem: fresh?.problem, loading: fresh === undefined, again };
}
