import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openService } from '../../../pipeline/index.ts';
import { DAY } from '../../../pipeline/domain/index.ts';
import { systemClock } from '../../../pipeline/platform/index.ts';
import type { Service } from '../../../pipeline/service.ts';
import { silentTelemetry } from '../../support/postgres.ts';
import { type BenchBooks, openBenchBooks } from '../core/books.ts';
import { planting } from '../core/fleet.ts';
import { wrongAnswers } from './asking.ts';
import { BEGIN, DAYS, PER_SITE, plantYear, sizeOf, yearOf } from './year.ts';

/** A tenth of a province in CI, less where somebody waits for it. */
const INSTITUTIONS = process.env['CI'] ? 6_000 : 200;
const MONTHS = 60;

let opened: BenchBooks;
let service: Service;

beforeAll(async () => {
  const fleet = yearOf(1, INSTITUTIONS);
  opened = await openBenchBooks(fleet, planting(PER_SITE, 1));
  await plantYear(opened.books, fleet, PER_SITE);
  const clock = { ...systemClock, now: () => BEGIN + DAYS * DAY };
  service = openService({ books: opened.books, clock, telemetry: silentTelemetry() });
}, 600_000);
afterAll(async () => {
  await service.stop();
  await opened.close();
});

describe("a year of a province's institutions, packed", () => {
  it("answers registers' months by hour and an institution's year by day as the meters show", async () => {
    expect(await wrongAnswers(service, yearOf(1, INSTITUTIONS), MONTHS)).toBe(0);
    // how large that was belongs to what is proved
    process.stdout.write(`${await sizeOf(opened.books, yearOf(1, INSTITUTIONS))}\n`);
  });
});
