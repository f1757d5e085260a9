import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { configError } from '#domain';

/** The operating system's account that the server runs as. PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** In this order; `nobody` exists on every Linux. */
const PREFERRED = ['civicmeter', 'postgres', 'nobody'];

/** Undefined: as ourselves. Under root: the owner of an existing data folder, else the first account of PREFERRED. */
export async function serverAccount(existing: string | undefined): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = existing === undefined ? undefined : await lstat(existing);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const account = pickAccount(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  if (account) return account;
  throw configError('POSTGRES_NO_ACCOUNT', 'the embedded PostgreSQL server cannot run as root', {
    place: '/etc/passwd',
    cure: `run CivicMeter as an ordinary user, or add a user named ${PREFERRED[0]}`,
  });
}

export function pickAccount(passwd: string): Account | undefined {
  const accounts = passwd.split('\n').map((line) => line.split(':'));
  for (const name of PREFERRED) {
    const entry = accounts.find(([user]) => user === name);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (entry && uid > 0 && gid >= 0) return { uid, gid };
  }
  return undefined;
}

/** Whether the account may enter this folder and all above it, by their mode bits. */
export async function canEnter(folder: string, account: Account): Promise<boolean> {
  const { mode, uid, gid } = await lstat(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  const parent = path.dirname(folder);
  return parent === folder || canEnter(parent, account);
}
