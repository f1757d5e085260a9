import { setDebugLogger, setErrorLogger, setTraceLogger, setWarningLogger } from 'node-opcua-debug';
import type { Telemetry } from '#platform';
import { LIBRARY_SPOKE } from './events.ts';

/**
 * The library writes its own messages to standard output, which belongs to answers: they become debug lines of ours. Set
 * once for the process: the last telemetry given hears them.
 */
export function routeLibraryLog(telemetry: Telemetry): void {
  const to =
    (level: string) =>
    (...parts: readonly unknown[]): void => {
      // the first part is where in the library it was said
      telemetry.emit('opcuaLibrarySpoke', LIBRARY_SPOKE, { level, text: parts.slice(1).map(String).join(' ') });
    };
  setErrorLogger(to('error'));
  setWarningLogger(to('warning'));
  setDebugLogger(to('debug'));
  setTraceLogger(to('trace'));
}
