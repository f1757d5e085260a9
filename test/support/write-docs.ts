import { writeFileSync } from 'node:fs';
import { modelSchemaText } from '../../collectors/devices/index.ts';
import { factsSchemaText } from '../../collectors/site/facts/index.ts';
import { schemaText } from '../../collectors/site/index.ts';
import { cliPage } from './cli-page.ts';
import { devicesPage } from './devices-page.ts';

/** Writes what is generated; test/architecture holds it in step. Part of `npm run fix`. */
writeFileSync('docs/cli.md', cliPage());
writeFileSync('docs/devices.md', devicesPage());
writeFileSync('docs/schema/site.schema.json', schemaText());
writeFileSync('docs/schema/device.schema.json', modelSchemaText());
writeFileSync('docs/schema/facts.schema.json', factsSchemaText());
