import { eventTime, eventWords, formatInstant, type MeterEvent, type Registry, type Zone } from '#domain';
import type { Service } from '../../../pipeline/service.ts';
import { showEvent } from '../../http/event-shape.ts';
import type { Cli } from '../context.ts';
import { EVENT_LABELS, WORDS } from '../labels.ts';
import { present, type Sheet } from '../output/present.ts';
import { zoneOfSite } from './common.ts';

export async function listEvents(cli: Cli, service: Service, registry: Registry): Promise<number> {
  const events = await service.events(registry.site.id);
  const zone = zoneOfSite(registry);
  present(
    cli,
    { site: registry.site.id, events: events.map((event) => showEvent(event, zone)) },
    {
      sheet: sheetOf(cli, events, zone),
      text: events.length === 0 ? (cli.language === 'zh' ? '没有事件。' : 'No events.') : '',
    },
  );
  return 0;
}

export function answerOne(cli: Cli, event: MeterEvent, registry: Registry): number {
  const waits =
    cli.language === 'zh'
      ? `\n事件 ${event.id} 待第二人确认：civicmeter event confirm ${event.id} --by <另一人>`
      : `\nEvent ${event.id} waits for a second person: civicmeter event confirm ${event.id} --by <another name>`;
  present(cli, showEvent(event, zoneOfSite(registry)), {
    sheet: sheetOf(cli, [event], zoneOfSite(registry)),
    text: event.state === 'proposed' ? waits : '',
  });
  return 0;
}

const STATES = {
  proposed: { zh: '待确认', en: 'proposed' },
  active: { zh: '生效', en: 'active' },
  superseded: { zh: '已被更正', en: 'superseded' },
} as const;

const sheetOf = (cli: Cli, events: readonly MeterEvent[], zone: Zone): Sheet => ({
  columns: [
    { heading: 'id', right: true },
    { heading: cli.language === 'zh' ? '事件' : 'event' },
    { heading: cli.say(WORDS.state) },
    { heading: cli.say(WORDS.at) },
    { heading: cli.language === 'zh' ? '内容' : 'what' },
    { heading: cli.say(WORDS.by) },
    { heading: cli.language === 'zh' ? '确认人' : 'confirmed by' },
    { heading: cli.say(WORDS.reason) },
  ],
  rows: events.map((event) => [
    String(event.id),
    cli.say(EVENT_LABELS[event.body.kind]),
    cli.say(STATES[event.state]),
    formatInstant(eventTime(event.body), zone),
    cli.say(eventWords(event.body, zone)),
    event.by,
    event.confirmedBy ?? '',
    event.reason,
  ]),
});
