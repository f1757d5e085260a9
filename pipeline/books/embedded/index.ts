import { Client } from 'pg';
import { configError, isMeteringError } from '#domain';
import { type Clock, type EventSpec, systemClock, type Telemetry } from '#platform';
import { type Cluster, openCluster, USER } from './cluster.ts';
import { ensureServer, type Settings, stopServer } from './server.ts';

export interface EmbeddedPostgresOptions {
  /** The program's data folder; the server lives in `postgres` below it. */
  readonly dir: string;
  readonly telemetry: Telemetry;
  /** Server settings beside ours. */
  readonly settings?: Settings | undefined;
  /** Where binaries and data go when the server's account cannot enter their folders (under root). */
  readonly shared?: string | undefined;
  readonly clock?: Clock | undefined;
}

export interface EmbeddedPostgres {
  readonly dsn: string;
  readonly port: number;
  /** Lets go of the server; the last process that lets go stops it. */
  readonly stop: () => Promise<void>;
}

const SHARED = '/var/lib/civicmeter';

/** Held shared by every process that uses the server; whoever gets it alone may stop the server. */
const HOLD = 0x6369766d;

/**
 * A real PostgreSQL in the data folder: made, started, or, where one runs already (another command of ours, or a killed
 * predecessor left it), joined. While held it is started again, on the same port, should it die.
 * Throws ConfigError or StoreError POSTGRES_…, DISK_FULL.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const clock = options.clock ?? systemClock;
  const { telemetry } = options;
  const cluster = await openCluster(options.dir, options.shared ?? SHARED, options.settings?.['fsync'] !== 'off');
  let stopping = false;
  let port: number | undefined;
  let [reviving, stopped]: (Promise<void> | undefined)[] = [];
  let holder: Client;

  const hold = async (): Promise<number> => {
    const deadline = clock.now() + 60_000;
    for (;;) {
      const server = await ensureServer(cluster, options.settings ?? {}, clock, port);
      const client = await join(cluster, server.port).catch((error: unknown) => {
        if (isMeteringError(error) || clock.now() > deadline) throw error;
        return undefined;
      });
      if (client) {
        holder = client;
        client.once('end', () => {
          reviving = revive();
        });
        telemetry.emit(server.started ? 'postgresStarted' : 'postgresJoined', STARTED, { port: server.port });
        return server.port;
      }
      await clock.sleep(50);
    }
  };

  const revive = async (): Promise<void> => {
    while (!stopping) {
      telemetry.emit('postgresLost', LOST, { port });
      try {
        return void (await hold());
      } catch (error) {
        telemetry.emit('postgresReviveFailed', REVIVE_FAILED, { reason: String(error) });
        await clock.sleep(2_000);
      }
    }
  };

  const stop = async (): Promise<void> => {
    stopping = true;
    await reviving;
    await leave(cluster, holder, clock);
  };

  port = await hold();
  return {
    dsn: dsnOf(cluster, port, USER),
    port,
    stop: () => (stopped ??= stop()),
  };
}

const STARTED: EventSpec = { level: 'info', message: 'embedded postgres is ready' };
const LOST: EventSpec = { level: 'warn', message: 'embedded postgres has gone, starting it again' };
const REVIVE_FAILED: EventSpec = { level: 'error', message: 'embedded postgres did not start again' };

const dsnOf = (cluster: Cluster, port: number, database: string): string =>
  `postgres://${USER}:${cluster.password}@127.0.0.1:${port}/${database}`;

/** A connection that holds the server. Fails where the server is going down; refuses a server that is not this cluster's. */
async function join(cluster: Cluster, port: number): Promise<Client> {
  const client = new Client({
    connectionString: dsnOf(cluster, port, 'postgres'),
    application_name: 'civicmeter holder',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock_shared($1)', [HOLD]);
    const known = await client.query('select 1 from pg_database where datname = $1', [USER]);
    if (known.rows.length === 0) await client.query(`create database ${USER}`).catch(ignoreDuplicate);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw refusal(error, cluster) ?? error;
  }
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;

/** 42P04 duplicate_database, 23505 unique_violation: another process made it at the same moment. */
const ignoreDuplicate = (error: unknown): void => {
  if (codeOf(error) !== '42P04' && codeOf(error) !== '23505') throw error;
};

const refusal = (cause: unknown, cluster: Cluster): Error | undefined =>
  codeOf(cause) === '28P01'
    ? configError('POSTGRES_FOLDER_FOREIGN', 'the database server does not take the password of its folder', {
        place: cluster.folder,
        cure: 'put the file `password` back as it was',
        cause,
      })
    : undefined;

async function leave(cluster: Cluster, holder: Client, clock: Clock): Promise<void> {
  const alone = await holder
    .query<{ alone: boolean }>('select pg_advisory_unlock_shared($1), pg_try_advisory_lock($1) as alone', [HOLD])
    .then(({ rows }) => rows[0]?.alone ?? false)
    .catch(() => false);
  if (alone) await stopServer(cluster, clock);
  await holder.end().catch(() => undefined);
}
